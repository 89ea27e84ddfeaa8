"""MultiMAE: one encoder over the visible patches of all modalities, a decoder for each output.

Any subset of the modalities may be there, in training and in use. Shapes: B batch, L patches of an
image, K visible tokens of a sample over all modalities, D width of the encoder.

Source: Bachmann et al., MultiMAE: Multi-modal Multi-task Masked Autoencoders, ECCV 2022; thermal
as in spec multimae, 6.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.core.normalise import one_channel, three_channels
from twinband.methods.multimae import sheets
from twinband.methods.multimae.config import MultiMaeConfig
from twinband.methods.multimae.decoder import Decoder
from twinband.methods.multimae.encoder import Encoder, Seen
from twinband.methods.multimae.modalities import (
    MODALITIES,
    OUTPUTS,
    cut,
    folded,
    known,
)
from twinband.networks.config import TINY_AUTOENCODER
from twinband.networks.layers import Grid
from twinband.networks.masked import Drawn, MaskedModel, Sheet, evaluating
from twinband.networks.sampler import ModalitySampler
from twinband.networks.vit import Features
from twinband.networks.warm_start import on_grid_of, resize_kernel
from twinband.networks.weights import Weights, encoder_of, load_strictly

Inputs = Mapping[str, Tensor]


class MultiMae(MaskedModel):
    """``inputs`` of ``loss`` and ``reconstruct``: ``rgb`` ``B,3,H,W``, ``thermal`` ``B,1,H,W``,
    ``depth`` ``B,1,H,W`` in any unit (NaN: unknown), ``semseg`` ``B,H/4,W/4`` class ids (255:
    unknown); any of them. Predictions are images, ``semseg``'s logits ``B,C,H/4,W/4``.
    """

    kind = "multimae"
    predicts = frozenset({"rgb", "thermal"})
    Config = MultiMaeConfig
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"base": {}, "tiny": TINY_AUTOENCODER}

    config: MultiMaeConfig
    encoder: Encoder

    def __init__(self, config: MultiMaeConfig) -> None:
        super().__init__(config)
        self.encoder = Encoder(config)
        self.decoders = nn.ModuleDict({name: self._decoder(name) for name in config.outputs})
        if config.balance == "uncertainty":
            self.log_variances = nn.ParameterDict(
                {name: nn.Parameter(torch.zeros(())) for name in config.outputs}
            )

    def _decoder(self, output: str) -> Decoder:
        config, modality = self.config, OUTPUTS[output].modality
        row = MODALITIES[modality]
        return Decoder(
            modality,
            config.modalities,
            encoder_width=config.width,
            width=config.decoder_width,
            depth=config.decoder_depth,
            heads=config.decoder_heads,
            values=(row.channels or config.classes) * row.side(config.patch_px) ** 2,
            grid=config.grid,
        )

    @property
    def learns_from(self) -> frozenset[str]:
        predicted = {OUTPUTS[name].modality for name in self.config.outputs}
        return frozenset(self.config.modalities) | predicted

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses as any ``MaskedModel``; of what a batch does not hold there is none."""
        patches, grid = self._patches(self.inputs_of(batch))
        visible = self._chosen(patches)
        losses = self._losses(patches, visible, grid)
        kept = {f"kept_{name}": seen.sum(1).float().mean() for name, seen in visible.items()}
        parts = {f"loss_{name}": loss.detach() for name, loss in losses.items() if name != "total"}
        return {"loss": losses["total"], **parts, **kept}

    def loss(self, inputs: Inputs, visible: Inputs) -> dict[str, Tensor]:
        patches, grid = self._patches(inputs)
        return self._losses(patches, visible, grid)

    def reconstruct(self, inputs: Inputs, visible: Inputs) -> dict[str, Tensor]:
        patches, grid = self._patches(inputs)
        seen = self._seen(patches, visible, grid)
        encoded = self.encoder(patches, seen)
        return {name: self._image(name, encoded, seen) for name in self.config.outputs}

    def inputs_of(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Take the model's inputs out of a batch of training: thermal, three times the same
        channel there, becomes the mean of the three."""
        wanted = self.learns_from & batch.keys()
        found = {name: batch[name] for name in MODALITIES if name in wanted}
        if "thermal" in found:
            found["thermal"] = one_channel(found["thermal"])
        return found

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        """Compute the features of images that are encoded together, all patches seen.

        Tokens are normalised to mean 0 and variance 1, as the encoder itself does not normalise;
        ``class_token`` is the global token, the same for all.
        """
        patches, grid = self._patches(self.inputs_of(images))
        seen = self._seen(patches, _all_of(patches), grid)
        encoded = F.layer_norm(self.encoder(patches, seen), (self.config.width,))
        tokens = encoded[:, :-1].unflatten(1, (len(patches), -1)).unbind(1)
        return {
            name: Features(own, encoded[:, -1], grid)
            for name, own in zip(seen.modalities, tokens, strict=True)
        }

    def predicted(self, images: Mapping[str, Tensor], modality: str) -> Tensor:
        if modality not in self.decoders:
            return super().predicted(images, modality)
        patches, grid = self._patches(self.inputs_of(images))
        seen = self._seen(patches, _all_of(patches), grid)
        image = self._image(modality, self.encoder(patches, seen), seen)
        return three_channels(image) if modality == "thermal" else image

    @torch.no_grad()
    def draw(self, batch: Mapping[str, Tensor]) -> dict[str, Drawn]:
        inputs = self.inputs_of(batch)
        patches, grid = self._patches(inputs)
        with evaluating(self):
            visible = self._chosen(patches)
            seen = self._seen(patches, visible, grid)
            encoded = self.encoder(patches, seen)
            return {
                name: self._drawn(name, patches[name], visible[name], encoded, seen)
                for name in seen.modalities
                if name in self.decoders
            }

    @torch.no_grad()
    def sheets(self, batch: Mapping[str, Tensor]) -> dict[str, Sheet]:
        """Show every modality predicted from every other, and what one recoloured patch changes."""
        inputs = self.inputs_of(batch)
        with evaluating(self):
            shown = {"predicted": sheets.predicted(self, inputs)}
            pair = {"rgb", "thermal"} <= inputs.keys() & set(self.config.modalities)
            if pair and "rgb" in self.decoders:
                shown["recoloured"] = sheets.recoloured(self, inputs)
            return shown

    def _drawn(
        self, name: str, patches: Tensor, visible: Tensor, encoded: Tensor, seen: Seen
    ) -> Drawn:
        channels = MODALITIES[name].channels
        prediction = self.decoders[name](encoded, seen)
        if not channels:
            prediction = prediction.unflatten(2, (self.config.classes, -1)).argmax(2)
        restored = patches.where(visible[..., None], prediction)
        truth, filled = (folded(part, seen.grid, max(channels, 1)) for part in (patches, restored))
        return (
            Drawn(truth, visible, filled) if channels else Drawn(truth[:, 0], visible, filled[:, 0])
        )

    def start_from(self, weights: Weights) -> None:
        """Start from the encoder of another model: its blocks, its class token as the global token,
        and its patch embedding, whose channels are added up for thermal. What has no counterpart
        stays as it is, and the final normalisation is left out."""
        if weights.kind == self.kind:
            load_strictly(self, on_grid_of(self, weights.tensors), fresh=("sampler.",))
            return
        given = encoder_of(weights)
        own = {key: value for key, value in given.items() if key.startswith("blocks.")}
        own["global_token"] = given["cls_token"]
        own["positions.table"] = given["positions.table"]
        kernel = resize_kernel(given["patch_embed.proj.weight"], self.config.patch_px)
        for name, of_channels in (("rgb", kernel), ("thermal", kernel.sum(1, keepdim=True))):
            if name in self.config.modalities:
                own[f"inputs.{name}.proj.weight"] = of_channels
                own[f"inputs.{name}.proj.bias"] = given["patch_embed.proj.bias"]
        load_strictly(self.encoder, on_grid_of(self.encoder, own), fresh=("inputs.",))

    def _patches(self, inputs: Inputs) -> tuple[dict[str, Tensor], Grid]:
        """Prepare and cut inputs: ``B,L,P`` by modality or output, in the table's order."""
        targets = {OUTPUTS[name].modality for name in self.config.outputs}
        unknown = sorted(set(inputs) - targets - set(self.config.modalities))
        if unknown or not inputs:
            raise ValueError(
                f"inputs must be some of {', '.join(self.config.modalities)}, not {sorted(inputs)}"
            )
        grids = {name: self._grid(name, inputs[name]) for name in inputs}
        if len(set(grids.values())) > 1:
            raise ValueError(f"inputs must show one grid of patches, not {grids}")
        patches = {
            name: cut(row.prepared(inputs[name]), row.side(self.config.patch_px))
            for name, row in MODALITIES.items()
            if name in inputs
        }
        return patches, next(iter(grids.values()))

    def _grid(self, name: str, images: Tensor) -> Grid:
        row = MODALITIES[name]
        side = row.side(self.config.patch_px)
        expected = "B,H,W" if not row.channels else f"B,{row.channels},H,W"
        fits = images.ndim == (4 if row.channels else 3)
        if not fits or (row.channels and images.shape[1] != row.channels):
            raise ValueError(f"{name} must be {expected}, not {tuple(images.shape)}")
        height, width = images.shape[-2:]
        if height % side or width % side or min(height, width) < side:
            raise ValueError(
                f"{name} of {height}x{width} px is no whole number of patches of {side} px"
            )
        return height // side, width // side

    def _chosen(self, patches: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if not isinstance(self.sampler, ModalitySampler):
            raise ValueError(
                "this MultiMae has no sampler of visible patches of modalities: set its `sampler`"
            )
        present = {
            name: known(patches[name]).flatten(1).any(1)
            for name in self.config.modalities
            if name in patches
        }
        return self.sampler(present)

    def _seen(self, patches: Mapping[str, Tensor], visible: Inputs, grid: Grid) -> Seen:
        modalities = tuple(name for name in self.config.modalities if name in patches)
        shown = torch.cat([visible[name] for name in modalities], 1)
        rows, places = shown.nonzero().unbind(1)
        count, remainder = divmod(len(places), len(shown))
        if remainder or not count or (shown.sum(1) != count).any():
            raise ValueError("every sample must have as many visible patches as the next, and some")
        return Seen(modalities, count, grid, rows, places)

    def _losses(
        self, patches: Mapping[str, Tensor], visible: Inputs, grid: Grid
    ) -> dict[str, Tensor]:
        seen = self._seen(patches, visible, grid)
        encoded = self.encoder(patches, seen)
        losses = {}
        for name in self.config.outputs:
            modality = OUTPUTS[name].modality
            if modality in patches:
                shown = visible.get(modality) if modality in seen.modalities else None
                losses[name] = self._loss(name, patches[modality], shown, encoded, seen)
        return {**losses, "total": self._total(losses)}

    def _loss(
        self, name: str, patches: Tensor, visible: Tensor | None, encoded: Tensor, seen: Seen
    ) -> Tensor:
        """Average errors over the masked values of each sample, then over the samples that have
        any."""
        output = OUTPUTS[name]
        wanted = torch.ones(patches.shape[:2], dtype=torch.bool, device=patches.device)
        if visible is not None:
            wanted = ~visible
        prediction = self.decoders[name](encoded, seen, wanted)
        truth = patches[wanted]
        there = known(truth)
        if not MODALITIES[output.modality].channels:
            prediction = prediction.unflatten(1, (self.config.classes, -1))
        else:
            truth = output.targets(truth.nan_to_num(nan=0.0))
        with torch.autocast(prediction.device.type, enabled=False):
            errors = output.errors(prediction, truth).where(there, 0.0).sum(1)
        rows = wanted.nonzero()[:, 0]
        zeros = errors.new_zeros(len(patches))
        counts = zeros.index_add(0, rows, there.sum(1).to(errors.dtype))
        means = zeros.index_add(0, rows, errors) / counts.clamp_min(1)
        return means.sum() / (counts > 0).sum().clamp_min(1)

    def _total(self, losses: Mapping[str, Tensor]) -> Tensor:
        if self.config.balance == "uncertainty":
            variances = {name: self.log_variances[name] for name in losses}
            losses = {name: balanced(loss, variances[name]) for name, loss in losses.items()}
        return torch.stack(list(losses.values())).sum()

    def _image(self, name: str, encoded: Tensor, seen: Seen) -> Tensor:
        channels = MODALITIES[OUTPUTS[name].modality].channels or self.config.classes
        return folded(self.decoders[name](encoded, seen), seen.grid, channels)


def _all_of(patches: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: torch.ones(part.shape[:2], dtype=torch.bool, device=part.device)
        for name, part in patches.items()
    }


def balanced(loss: Tensor, log_variance: Tensor) -> Tensor:
    """Weight a loss by its uncertainty: ``exp(-s) L + s``, and 0 where nothing is to be learnt."""
    return torch.where(loss == 0, 0.0, (-log_variance).exp() * loss + log_variance)


MODEL = MultiMae
