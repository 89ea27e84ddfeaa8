"""A masked autoencoder of single images, RGB and thermal alike: M-SpecGene's stage 0.

Source: He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twinband.networks.config import AutoencoderConfig
from twinband.networks.layers import Grid
from twinband.networks.masked import Decoder, Pair, PairAutoencoder
from twinband.networks.patches import keep_tokens


def random_places(batch: Mapping[str, Tensor], places: int, kept: int) -> Tensor:
    """Draw ``2B,kept`` different places of ``places``: of the RGB images, then of the thermal ones.

    All choices are equally likely. They depend on each pair's own ``seed`` and not on the batch
    that it is in; without ``seed`` they are drawn from torch's default generator.
    """
    rgb = batch["rgb"]
    if "seed" not in batch:
        draws = torch.rand(2 * len(rgb), places, device=rgb.device)
    else:
        generators = [np.random.default_rng(seed) for seed in batch["seed"].tolist()]
        pairs = [generator.random((2, places), np.float32) for generator in generators]
        draws = torch.from_numpy(np.concatenate(np.stack(pairs, 1))).to(rgb.device)
    return draws.argsort(dim=1, stable=True)[:, :kept]


@dataclass(frozen=True, kw_only=True)
class MaeConfig(AutoencoderConfig):
    """Sizes of a masked autoencoder, and

    Attributes:
        mask_ratio: share of the patches left out, 0..1.
    """

    mask_ratio: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.mask_ratio, float):
            raise TypeError(f"mask_ratio must be a number, got {self.mask_ratio!r}")
        if not 0.0 < self.mask_ratio < 1.0:
            raise ValueError(f"mask_ratio must lie between 0 and 1, got {self.mask_ratio}")


class MaskedAutoencoder(PairAutoencoder):
    """One encoder and one decoder for the images of both modalities, masked at random."""

    kind = "mae"
    Config = MaeConfig

    config: MaeConfig

    def __init__(self, config: MaeConfig) -> None:
        super().__init__(config)
        self.decoder = Decoder(config)

    def chosen(self, batch: Mapping[str, Tensor], tokens: Pair) -> Pair:
        places = tokens.rgb.shape[1]
        kept = int(places * (1 - self.config.mask_ratio))
        return Pair(*random_places(batch, places, kept).chunk(2))

    def predict(self, tokens: Pair, kept: Pair, grid: Grid) -> Pair:
        if kept.rgb.shape != kept.thermal.shape:
            return Pair(*(self._decoded(t, k, grid) for t, k in zip(tokens, kept, strict=True)))
        return Pair(*self._decoded(torch.cat(tokens), torch.cat(kept), grid).chunk(2))

    def total(self, rgb: Tensor, thermal: Tensor) -> Tensor:
        """Average: images of both modalities weigh the same."""
        return (rgb + thermal) / 2

    def _decoded(self, tokens: Tensor, kept: Tensor, grid: Grid) -> Tensor:
        encoded = self.encoder.encode(keep_tokens(tokens, kept))
        return self.decoder.predict(self.decoder.sequence(encoded, kept, grid))


MODEL = MaskedAutoencoder
