"""Attention weights: at every pixel a network weighs the two images against each other.

The fused image is a blend of both, so that it can show nothing that neither shows. Its rival is
the decoupling of what both share from what one shows (spec cross-modal-kd, 2).
"""

from typing import Any

import torch
from torch import Tensor, nn

from twinband.fusion.losses import gradient_loss, structural_similarity
from twinband.fusion.network import NetworkFusion
from twinband.training.loop import TrainingTask

REACH = 4  # four convolutions of 3x3
SIMILAR, EDGES = 1.0, 20.0


class AttentionFusion(nn.Module):
    """The network.

    Args:
        width: channels.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.1),
        )
        self.scores = nn.Conv2d(width, 2, 3, padding=1)

    def weights(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Compute the weights of both images, ``B,2,H,W``, which add up to 1."""
        scores = self.scores(self.features(torch.cat([visible, infrared], 1)))
        return torch.softmax(scores, 1)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Blend ``B,1,H,W`` each."""
        both = torch.cat([visible, infrared], 1)
        return (self.weights(visible, infrared) * both).sum(1, keepdim=True)


class Task(TrainingTask):
    """Training: structure of both images and the stronger gradients."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        visible, infrared = batch["visible"], batch["infrared"]
        fused = self.network(visible, infrared)
        both = [structural_similarity(fused, each) for each in (visible, infrared)]
        similar = 2 - torch.stack(both).sum()
        edges = gradient_loss(fused, visible, infrared)
        loss = SIMILAR * similar + EDGES * edges
        return {"loss": loss, "loss_structure": similar.detach(), "loss_gradient": edges.detach()}


def network(width: int = 16) -> AttentionFusion:
    """Make the network."""
    return AttentionFusion(width)


def opened(trained: nn.Module) -> NetworkFusion:
    """Make a method of fusion of the trained network."""
    return NetworkFusion(trained, stride=1, reach=REACH)
