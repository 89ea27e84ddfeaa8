"""Models, samplers and batches small enough for tests."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.config import AutoencoderConfig, MaeConfig

SIZES: dict[str, Any] = {
    "image_px": 32,
    "patch_px": 8,
    "width": 24,
    "depth": 2,
    "heads": 2,
    "decoder_width": 16,
    "decoder_depth": 1,
    "decoder_heads": 2,
}


class Chosen(NamedTuple):
    rgb: Tensor
    thermal: Tensor
    cmss: Tensor | None = None


class RandomSampler(nn.Module):
    """Disjoint random places; hears losses and counts how often."""

    heard: Tensor

    def __init__(self, kept_rgb: int = 4, kept_thermal: int = 3) -> None:
        super().__init__()
        self.counts = (kept_rgb, kept_thermal)
        self.register_buffer("heard", torch.zeros((), dtype=torch.long))
        self.progress: list[float] = []
        self.modes: list[bool] = []
        self.losses: tuple[Tensor, Tensor] | None = None
        self.seen: tuple[Tensor, Tensor] | None = None

    def advance(self, progress: float) -> None:
        self.progress.append(progress)

    def forward(self, rgb: Tensor, thermal: Tensor) -> Chosen:
        self.seen = (rgb, thermal)
        self.modes.append(self.training)
        places = torch.rand(rgb.shape[:2]).argsort(1)[:, : sum(self.counts)]
        return Chosen(*places.split(self.counts, 1))

    def observe(self, loss_rgb: Tensor, loss_thermal: Tensor) -> None:
        self.heard += 1
        self.losses = (loss_rgb, loss_thermal)


class FixedSampler(RandomSampler):
    """Always the given places."""

    def __init__(self, rgb: list[int], thermal: list[int]) -> None:
        super().__init__(len(rgb), len(thermal))
        self.places = (rgb, thermal)

    def forward(self, rgb: Tensor, thermal: Tensor) -> Chosen:
        self.seen = (rgb, thermal)
        self.modes.append(self.training)
        return Chosen(*(torch.tensor([kept] * len(rgb)) for kept in self.places))


def mspecgene(sampler: RandomSampler | None = None, **sizes: Any) -> MSpecGene:
    torch.manual_seed(0)
    return MSpecGene(AutoencoderConfig(**{**SIZES, **sizes}), sampler or RandomSampler())


def mae(**sizes: Any) -> MaskedAutoencoder:
    torch.manual_seed(1)
    return MaskedAutoencoder(MaeConfig(**{**SIZES, **sizes}))


def pairs(batch: int = 2, height: int = 32, width: int = 32, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, 3, height, width)
    return {name: torch.randn(shape, generator=generator) for name in ("rgb", "thermal")}
