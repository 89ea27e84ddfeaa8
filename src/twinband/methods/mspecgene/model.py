"""M-SpecGene: masked autoencoding of aligned RGB-thermal pairs.

One encoder sees the visible patches of each modality by themselves; two decoders rebuild each
modality, and one cross-attention layer in front of each lets it look at the other. Which patches
are visible is the sampler's choice.

Source: Zhou et al., M-SpecGene: Generalized Foundation Model for RGBT Multispectral Vision,
ICCV 2025. Shapes: B batch, L patches, K kept patches, D width.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from twinband.networks.config import AutoencoderConfig
from twinband.networks.layers import CrossBlock, random_weights
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
from twinband.networks.sampler import Sampler, Visible
from twinband.networks.warm_start import on_grid_of
from twinband.networks.weights import Weights, load_strictly


class _Predicted(NamedTuple):
    rgb: Tensor
    thermal: Tensor
    visible: Visible


class MSpecGene(MaskedModel):
    """One encoder, a decoder for each modality, and cross-attention between the decoders."""

    kind = "mspecgene"

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        self.decoder_rgb = Decoder(config)
        self.decoder_thermal = Decoder(config)
        self.cross_rgb = CrossBlock(config.decoder_width, config.decoder_heads)
        self.cross_thermal = CrossBlock(config.decoder_width, config.decoder_heads)
        random_weights(self.cross_rgb)
        random_weights(self.cross_thermal)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses as any ``MaskedModel``: means over the batch's masked patches of each
        modality, and their sum (``loss``). In training mode the sampler is told the losses."""
        rgb, thermal = batch_images(batch)
        predicted = self._predict(rgb, thermal)
        kept = predicted.visible
        loss_rgb = masked_loss(predicted.rgb, rgb, kept.rgb, self.config.patch_px)
        loss_thermal = masked_loss(predicted.thermal, thermal, kept.thermal, self.config.patch_px)
        losses = {"loss_rgb": loss_rgb.detach(), "loss_thermal": loss_thermal.detach()}
        if self.training:
            self._chooser().observe(losses["loss_rgb"], losses["loss_thermal"])
        counts = {"kept_rgb": kept.rgb.shape[1], "kept_thermal": kept.thermal.shape[1]}
        return {
            "loss": loss_rgb + loss_thermal,
            **losses,
            **{name: torch.full_like(loss_rgb, count) for name, count in counts.items()},
        }

    def before_step(self, step: int, steps: int) -> None:
        """Tell the sampler how far training has come: 0 at the first step, 1 at the last."""
        self._chooser().advance(step / max(steps - 1, 1))

    def start_from(self, weights: Weights) -> None:
        """Start from another model as any ``MaskedModel``, and from ``mae`` with both decoders too.

        The cross-attention layers and the sampler stay as they are.
        """
        if weights.kind != "mae":
            super().start_from(weights)
            return
        tensors = {}
        for key, value in weights.tensors.items():
            if key.startswith("decoder."):
                rest = key.removeprefix("decoder.")
                tensors[f"decoder_rgb.{rest}"] = tensors[f"decoder_thermal.{rest}"] = value
            else:
                tensors[key] = value
        load_strictly(self, on_grid_of(self, tensors), fresh=("cross_", "sampler."))

    @torch.no_grad()
    def reconstruct(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Predict a batch for drawing, as any ``MaskedModel``."""
        rgb, thermal = batch_images(batch)
        with evaluating(self):
            predicted = self._predict(rgb, thermal)
        patch_px, kept = self.config.patch_px, predicted.visible
        return {
            "kept_rgb": kept.rgb,
            "kept_thermal": kept.thermal,
            "visible_rgb": visible_image(rgb, kept.rgb, patch_px),
            "visible_thermal": visible_image(thermal, kept.thermal, patch_px),
            "restored_rgb": restored_image(predicted.rgb, rgb, kept.rgb, patch_px),
            "restored_thermal": restored_image(predicted.thermal, thermal, kept.thermal, patch_px),
        }

    def _predict(self, rgb: Tensor, thermal: Tensor) -> _Predicted:
        tokens_rgb, tokens_thermal = self.encoder.tokens(rgb), self.encoder.tokens(thermal)
        visible = self._chooser()(tokens_rgb.detach(), tokens_thermal.detach())
        grid = self.encoder.grid(rgb)
        encoded_rgb = self.encoder.encode(keep_tokens(tokens_rgb, visible.rgb))
        encoded_thermal = self.encoder.encode(keep_tokens(tokens_thermal, visible.thermal))
        sequence_rgb = self.decoder_rgb.sequence(encoded_rgb, visible.rgb, grid)
        sequence_thermal = self.decoder_thermal.sequence(encoded_thermal, visible.thermal, grid)
        return _Predicted(
            self.decoder_rgb.predict(self.cross_rgb(sequence_rgb, sequence_thermal)),
            self.decoder_thermal.predict(self.cross_thermal(sequence_thermal, sequence_rgb)),
            visible,
        )

    def _chooser(self) -> Sampler:
        if self.sampler is None:
            raise ValueError("this MSpecGene has no sampler of visible patches: set its `sampler`")
        return self.sampler


MODEL = MSpecGene
