"""M-SpecGene: masked autoencoding of aligned RGB-thermal pairs.

One encoder sees the visible patches of each modality by themselves; two decoders rebuild each
modality, and one cross-attention layer in front of each lets it look at the other. Which patches
are visible is the sampler's choice.

Source: Zhou et al., M-SpecGene: Generalized Foundation Model for RGBT Multispectral Vision,
ICCV 2025. Shapes: B batch, L patches, K kept patches, D width.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from twinband.networks.config import TINY_AUTOENCODER, AutoencoderConfig
from twinband.networks.layers import CrossBlock, random_weights
from twinband.networks.masked import (
    Decoder,
    batch_images,
    evaluating,
    keep_tokens,
    masked_loss,
    restored_image,
    visible_image,
)
from twinband.networks.sampler import Sampler, Visible
from twinband.networks.vit import VisionTransformer
from twinband.networks.warm_start import on_grid_of, start_encoder
from twinband.networks.weights import Weights, encoder_of, load_strictly
from twinband.training.loop import TrainingTask


class _Predicted(NamedTuple):
    rgb: Tensor
    thermal: Tensor
    visible: Visible


class MSpecGene(TrainingTask):
    """The model that is pretrained; ``encoder`` is what is used afterwards.

    Args:
        sampler: the module that chooses visible patches. Without one the model can be saved,
            loaded and asked for its encoder, but not trained.
    """

    kind: ClassVar[str] = "mspecgene"
    Config: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"base": {}, "tiny": TINY_AUTOENCODER}

    sampler: Sampler | None

    def __init__(self, config: AutoencoderConfig, sampler: Sampler | None = None) -> None:
        super().__init__()
        self.config = config
        self.encoder = VisionTransformer(config)
        self.decoder_rgb = Decoder(config)
        self.decoder_thermal = Decoder(config)
        self.cross_rgb = CrossBlock(config.decoder_width, config.decoder_heads)
        self.cross_thermal = CrossBlock(config.decoder_width, config.decoder_heads)
        random_weights(self.cross_rgb)
        random_weights(self.cross_thermal)
        self.sampler = sampler

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Losses of ``rgb`` and ``thermal`` images, ``B,3,H,W``, normalised and aligned.

        In training mode the sampler is told the losses.

        Returns:
            ``loss``, the sum over both modalities of the mean over the batch's masked patches;
            detached: the two means ``loss_rgb`` and ``loss_thermal``, and how many patches of an
            image were visible, ``kept_rgb`` and ``kept_thermal``.

        Raises:
            ValueError: no sampler, images of different shapes, or no whole number of patches.
        """
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
        """Start from another model: from ``mae`` the encoder and both decoders, from any other
        one the encoder.

        The cross-attention layers and the sampler stay as they are; positions are resized.

        Raises:
            InputError: names or sizes that do not fit; nothing is changed then.
        """
        if weights.kind != "mae":
            start_encoder(self.encoder, encoder_of(weights))
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
        """What the model makes of a batch, to be drawn; the sampler learns nothing from it.

        Returns:
            For each modality ``kept_*`` (``B,K`` places) and two ``B,3,H,W`` images, normalised
            as the batch is: ``visible_*``, with 0 at what was not seen, and ``restored_*``, with
            the predictions there. A prediction is of a patch's standardised values; its mean and
            deviation are taken from the true patch.
        """
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
            raise ValueError("this MSpecGene has no sampler of visible patches: build it with one")
        return self.sampler


MODEL = MSpecGene
