"""M-SpecGene: masked autoencoding of aligned RGB-thermal pairs.

One encoder sees the visible patches of each modality by themselves; two decoders rebuild each
modality, and one cross-attention layer in front of each lets it look at the other. Which patches
are visible is the sampler's choice.

Source: Zhou et al., M-SpecGene: Generalized Foundation Model for RGBT Multispectral Vision,
ICCV 2025. Shapes: B batch, L patches, K kept patches, D width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twinband.networks.config import AutoencoderConfig
from twinband.networks.layers import CrossBlock, Grid, Mlp, random_weights
from twinband.networks.masked import Decoder, Pair, PairAutoencoder
from twinband.networks.patches import keep_tokens
from twinband.networks.sampler import Sampler
from twinband.networks.warm_start import on_grid_of
from twinband.networks.weights import Weights, load_strictly

BIAS_STD = 1e-6


@dataclass(frozen=True, kw_only=True)
class MSpecGeneConfig(AutoencoderConfig):
    """Sizes of M-SpecGene, and what tells the published code from what is recommended.

    Attributes:
        shared_decoder_norm: one last layer normalisation for both decoders, as in the published
            code, where the second takes the place of the first.
        reference_biases: start as the published code does: the patch layer's biases uniform in
            +-1/sqrt(fan-in), those of the MLPs of encoder and cross layers N(0, 1e-6); else 0.
    """

    shared_decoder_norm: bool = False
    reference_biases: bool = False


class MSpecGene(PairAutoencoder):
    """One encoder, a decoder for each modality, and cross-attention between the decoders."""

    kind = "mspecgene"
    Config = MSpecGeneConfig

    config: MSpecGeneConfig

    def __init__(self, config: MSpecGeneConfig) -> None:
        super().__init__(config)
        self.decoder_rgb = Decoder(config)
        self.decoder_thermal = Decoder(config)
        self.cross_rgb = CrossBlock(config.decoder_width, config.decoder_heads)
        self.cross_thermal = CrossBlock(config.decoder_width, config.decoder_heads)
        random_weights(self.cross_rgb)
        random_weights(self.cross_thermal)
        if config.shared_decoder_norm:
            self.decoder_thermal.norm = self.decoder_rgb.norm
        if config.reference_biases:
            self.encoder.patch_embed.reset_bias()
            for part in (self.encoder, self.cross_rgb, self.cross_thermal):
                _random_mlp_biases(part)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses as any ``PairAutoencoder``. In training mode the sampler is told them."""
        losses = super().forward(batch)
        if self.training:
            self._chooser().observe(losses["loss_rgb"], losses["loss_thermal"])
        return losses

    def chosen(self, batch: Mapping[str, Tensor], tokens: Pair) -> Pair:
        visible = self._chooser()(tokens.rgb.detach(), tokens.thermal.detach())
        return Pair(visible.rgb, visible.thermal)

    def predict(self, tokens: Pair, kept: Pair, grid: Grid) -> Pair:
        encoded = self._encoded(Pair(*map(keep_tokens, tokens, kept)))
        rgb = self.decoder_rgb.sequence(encoded.rgb, kept.rgb, grid)
        thermal = self.decoder_thermal.sequence(encoded.thermal, kept.thermal, grid)
        return Pair(
            self.decoder_rgb.predict(self.cross_rgb(rgb, thermal)),
            self.decoder_thermal.predict(self.cross_thermal(thermal, rgb)),
        )

    def _encoded(self, visible: Pair) -> Pair:
        """Encode each image's visible tokens by themselves; in one pass where counts allow it."""
        if visible.rgb.shape != visible.thermal.shape:
            return Pair(*map(self.encoder.encode, visible))
        return Pair(*self.encoder.encode(torch.cat(visible)).chunk(2))

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

    def _chooser(self) -> Sampler:
        if not isinstance(self.sampler, Sampler):
            raise ValueError(
                "this MSpecGene has no sampler of visible patches of pairs: set its `sampler`"
            )
        return self.sampler


def _random_mlp_biases(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, Mlp):
            nn.init.normal_(part.fc1.bias, std=BIAS_STD)
            nn.init.normal_(part.fc2.bias, std=BIAS_STD)


MODEL = MSpecGene
