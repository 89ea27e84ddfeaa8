"""A small convolutional encoder-decoder: one encoder for both images, their features merged by
the stronger, one decoder.

Trained without truth: the result should have both images' structure and the stronger gradients.
In the manner of DenseFuse and U2Fusion (spec cross-modal-kd, 1).
"""

from typing import Any

import torch
from torch import Tensor, nn

from twinband.fusion.losses import gradient_loss, structural_similarity
from twinband.fusion.network import NetworkFusion
from twinband.training.loop import TrainingTask

REACH = 6  # six convolutions of 3x3
SIMILAR, EDGES = 1.0, 20.0


class CnnFusion(nn.Module):
    """The network.

    Args:
        width: channels.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*_layers(1, width), *_layers(width, width))
        self.decoder = nn.Sequential(
            *_layers(width, width), *_layers(width, width), *_layers(width, width)
        )
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse ``B,1,H,W`` each; what is learnt is the difference from their mean."""
        features = torch.maximum(self.encoder(visible), self.encoder(infrared))
        fused: Tensor = (visible + infrared) / 2 + self.head(self.decoder(features))
        return fused


class Task(TrainingTask):
    """Training."""

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


def network(width: int = 16) -> CnnFusion:
    """Make the network."""
    return CnnFusion(width)


def opened(trained: nn.Module) -> NetworkFusion:
    """Make a method of fusion of the trained network."""
    return NetworkFusion(trained, stride=1, reach=REACH)


def _layers(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.1)]
