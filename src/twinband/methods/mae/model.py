"""A masked autoencoder of single images, RGB and thermal alike: M-SpecGene's stage 0.

Source: He et al., Masked Autoencoders Are Scalable Vision Learners, CVPR 2022.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twinband.networks.config import AutoencoderConfig
from twinband.networks.masked import (
    Decoder,
    MaskedModel,
    batch_images,
    evaluating,
    keep_tokens,
    masked_loss,
    restored_image,
    visible_image,
)


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


class MaskedAutoencoder(MaskedModel):
    """One encoder and one decoder for the images of both modalities, masked at random."""

    kind = "mae"
    Config = MaeConfig

    config: MaeConfig

    def __init__(self, config: MaeConfig) -> None:
        super().__init__(config)
        self.decoder = Decoder(config)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses as any ``MaskedModel``: means over the masked patches of all images
        (``loss``) and of each modality's."""
        images = torch.cat(batch_images(batch))
        prediction, kept = self._predict(images, batch)
        # each image has as many masked patches as the next, so the two means weigh the same
        rgb, thermal = (
            masked_loss(*parts, self.config.patch_px)
            for parts in zip(prediction.chunk(2), images.chunk(2), kept.chunk(2), strict=True)
        )
        count = torch.full((), float(kept.shape[1]), device=kept.device)
        return {
            "loss": (rgb + thermal) / 2,
            "loss_rgb": rgb.detach(),
            "loss_thermal": thermal.detach(),
            "kept_rgb": count,
            "kept_thermal": count,
        }

    @torch.no_grad()
    def reconstruct(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Predict a batch for drawing, as any ``MaskedModel``."""
        images = torch.cat(batch_images(batch))
        with evaluating(self):
            prediction, kept = self._predict(images, batch)
        patch_px = self.config.patch_px
        pictures = {
            "kept": kept,
            "visible": visible_image(images, kept, patch_px),
            "restored": restored_image(prediction, images, kept, patch_px),
        }
        return {
            f"{name}_{modality}": half
            for name, both in pictures.items()
            for modality, half in zip(("rgb", "thermal"), both.chunk(2), strict=True)
        }

    def _predict(self, images: Tensor, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        tokens = self.encoder.tokens(images)
        places = tokens.shape[1]
        kept = random_places(batch, places, int(places * (1 - self.config.mask_ratio)))
        encoded = self.encoder.encode(keep_tokens(tokens, kept))
        sequence = self.decoder.sequence(encoded, kept, self.encoder.grid(images))
        return self.decoder.predict(sequence), kept


MODEL = MaskedAutoencoder
