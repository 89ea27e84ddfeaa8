"""A small generative adversarial network: a generator, and one discriminator for each image.

One discriminator tells fused images from visible ones by their gradients, where details are; the
other tells them from infrared ones by their levels, where warm objects are. In the manner of
DDcGAN (Ma et al., 2020); least-squares adversaries, for they do not saturate in short runs.
"""

from typing import Any

import torch
from torch import Tensor, nn

from twinband.fusion.losses import gradient_loss, gradient_magnitude
from twinband.fusion.network import NetworkFusion
from twinband.training.loop import TrainingTask

REACH = 4  # four convolutions of 3x3
CONTENT, EDGES, ADVERSARIAL = 5.0, 20.0, 0.1


class Generator(nn.Module):
    """The network that is used.

    Args:
        width: channels.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse ``B,1,H,W`` each; what is learnt is the difference from their mean."""
        fused: Tensor = (visible + infrared) / 2 + self.layers(torch.cat([visible, infrared], 1))
        return fused


def discriminator(width: int) -> nn.Sequential:
    """Make a network that scores parts of an image ``B,1,H,W``: 1 for real, 0 for fused."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, width, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 1, 3, padding=1),
    )


class Task(TrainingTask):
    """Training: the discriminators and the generator take turns."""

    def __init__(self, network: nn.Module, width: int = 16) -> None:
        super().__init__()
        self.network = network
        self.of_visible = discriminator(width)
        self.of_infrared = discriminator(width)
        self.discriminates = True

    def before_step(self, step: int, steps: int) -> None:
        """Let the discriminators learn in even steps and the generator in odd ones."""
        self.discriminates = step % 2 == 0
        self.network.requires_grad_(not self.discriminates)
        for each in (self.of_visible, self.of_infrared):
            each.requires_grad_(self.discriminates)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        visible, infrared = batch["visible"], batch["infrared"]
        fused = self.network(visible, infrared)
        scores = self.of_visible(gradient_magnitude(fused)), self.of_infrared(fused)
        real = self.of_visible(gradient_magnitude(visible)), self.of_infrared(infrared)
        told = [_squared(score, 0) for score in scores] + [_squared(score, 1) for score in real]
        discriminators = torch.stack(told).mean()
        fooled = torch.stack([_squared(score, 1) for score in scores]).mean()
        levels = nn.functional.mse_loss(fused, torch.maximum(visible, infrared))
        edges = gradient_loss(fused, visible, infrared)
        generator = CONTENT * levels + EDGES * edges + ADVERSARIAL * fooled
        return {
            "loss": discriminators if self.discriminates else generator,
            "loss_levels": levels.detach(),
            "loss_gradient": edges.detach(),
            "told_apart": discriminators.detach(),
        }


def network(width: int = 16) -> Generator:
    """Make the generator."""
    return Generator(width)


def opened(trained: nn.Module) -> NetworkFusion:
    """Make a method of fusion of the trained generator."""
    return NetworkFusion(trained, stride=1, reach=REACH)


def _squared(scores: Tensor, target: float) -> Tensor:
    return ((scores - target) ** 2).mean()
