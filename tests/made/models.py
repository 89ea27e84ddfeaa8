"""Models, samplers and batches small enough for tests."""

from typing import Any

import torch
from torch import Tensor

from twinband.methods.mae.model import MaeConfig, MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene, MSpecGeneConfig
from twinband.networks.sampler import Sampler, Visible

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


class RandomSampler(Sampler):
    """Disjoint random places; hears losses and counts how often."""

    heard: Tensor

    def __init__(self, kept_rgb: int = 4, kept_thermal: int = 3) -> None:
        super().__init__(16)
        self.counts = (kept_rgb, kept_thermal)
        self.register_buffer("heard", torch.zeros((), dtype=torch.long))
        self.progress: list[float] = []
        self.modes: list[bool] = []
        self.losses: tuple[Tensor | float, Tensor | float] | None = None
        self.seen: tuple[Tensor, Tensor] | None = None

    def advance(self, progress: float) -> None:
        self.progress.append(progress)

    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        self.seen = (rgb_tokens, thermal_tokens)
        self.modes.append(self.training)
        places = torch.rand(rgb_tokens.shape[:2]).argsort(1)[:, : sum(self.counts)]
        return Visible(*places.split(self.counts, 1))

    def observe(self, loss_rgb: Tensor | float, loss_thermal: Tensor | float) -> None:
        self.heard += 1
        self.losses = (loss_rgb, loss_thermal)


class FixedSampler(RandomSampler):
    """Always the given places."""

    def __init__(self, rgb: list[int], thermal: list[int]) -> None:
        super().__init__(len(rgb), len(thermal))
        self.places = (rgb, thermal)

    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        self.seen = (rgb_tokens, thermal_tokens)
        self.modes.append(self.training)
        return Visible(*(torch.tensor([kept] * len(rgb_tokens)) for kept in self.places))


def mspecgene(sampler: Sampler | None = None, **sizes: Any) -> MSpecGene:
    torch.manual_seed(0)
    model = MSpecGene(MSpecGeneConfig(**{**SIZES, **sizes}))
    model.sampler = sampler or RandomSampler()
    return model


def mae(**sizes: Any) -> MaskedAutoencoder:
    torch.manual_seed(1)
    return MaskedAutoencoder(MaeConfig(**{**SIZES, **sizes}))


def pairs(batch: int = 2, height: int = 32, width: int = 32, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, 3, height, width)
    return {name: torch.randn(shape, generator=generator) for name in ("rgb", "thermal")}
