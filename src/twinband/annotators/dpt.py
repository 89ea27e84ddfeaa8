"""Depth by transformers' DPT (Ranftl et al., 2021): with a plain ViT, hybrid, or on a backbone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import DPTForDepthEstimation

from twinband.pseudo_labels.label import Depth
from twinband.pseudo_labels.transformers import Preprocessing, in_batches, load_pretrained, positive
from twinband.weights import Weights

MULTIPLE_PX = 32
# The first fusion has nothing to add to, so official files leave out what would add it.
UNUSED = r"neck\.fusion_stage\.layers\.0\.residual_layer1\..*"


@dataclass(frozen=True, slots=True)
class Options:
    """Options of this annotator.

    Attributes:
        output: ``inverse`` for MiDaS and similar models, ``metric`` for distances in metres.
        scale_m: of inverse depth: a distance is ``scale_m / value`` metres; 0 if unknown.
        side_px: shorter side of the images given to the model; 0 for the length in
            ``preprocessor_config.json``.
    """

    output: Literal["inverse", "metric"] = "inverse"
    scale_m: float = 0.0
    side_px: int = 0

    def __post_init__(self) -> None:
        if self.output not in ("inverse", "metric"):
            raise ValueError(f"output is inverse or metric, not {self.output!r}")
        if self.output == "metric" and self.scale_m:
            raise ValueError("scale_m is for inverse depth only")
        for name in ("scale_m", "side_px"):
            if value := getattr(self, name):
                positive(name, value)


class Dpt:
    """A DPT with its weights in memory; see ``Annotator``."""

    kind: Literal["depth"] = "depth"
    names: tuple[str, ...] = ()

    def __init__(self, weights: Weights, options: Options, device: str) -> None:
        self._options, self._device = options, device
        self._preprocessing = Preprocessing.read(weights.path)
        settings = self._preprocessing.config
        self._side_px = options.side_px or _side_px(settings["size"])
        multiple = int(settings.get("ensure_multiple_of", 1))
        self._multiple = multiple if multiple > 1 else MULTIPLE_PX
        self._model = load_pretrained(DPTForDepthEstimation, weights, device, UNUSED)

    @property
    def rule(self) -> str:
        return (
            f"scaled so that the shorter side has {self._side_px} px, both sides to the nearest "
            f"multiple of {self._multiple} px; the answer bilinearly back to the image's size"
        )

    @torch.inference_mode()
    def labels(self, images: Sequence[NDArray[np.uint8]], zoom: float = 1.0) -> list[Depth]:
        return in_batches(images, self._device, lambda batch: self._answer(batch, zoom))

    def _answer(self, images: Tensor, zoom: float) -> list[Depth]:
        height, width = images.shape[2:]
        size = nearest_multiples(height, width, self._side_px * zoom, self._multiple)
        raw = raw_depth(self._model, self._preprocessing.pixels(images, size))
        depth = F.interpolate(raw[:, None], (height, width), mode="bilinear", align_corners=False)
        inverse = self._options.output == "inverse"
        scale_m = (self._options.scale_m or None) if inverse else 1.0
        return [Depth(values, inverse, scale_m) for values in depth[:, 0].cpu().numpy()]


def open_annotator(weights: Weights, options: Mapping[str, Any], device: str) -> Dpt:
    """Load a DPT; ``options`` are the fields of ``Options``.

    Raises:
        InputError: the weights are no DPT's.
        TypeError: an unknown option.
        ValueError: an option has an impossible value, or there is no such device.
    """
    return Dpt(weights, Options(**options), device)


def nearest_multiples(height: int, width: int, side_px: float, multiple: int) -> tuple[int, int]:
    """Compute the height and width at which the shorter side is ``side_px``, each rounded to the
    nearest multiple."""
    scale = side_px / min(height, width)
    rows, columns = (max(1, round(side * scale / multiple)) for side in (height, width))
    return rows * multiple, columns * multiple


def raw_depth(model: DPTForDepthEstimation, pixels: Tensor) -> Tensor:
    """Predict ``B,H,W`` for images whose sides its patches divide.

    Args:
        pixels: ``B,3,H,W``, normalised.
    """
    depth: Tensor = model.head(fused_features(model, pixels))
    return depth


def fused_features(model: DPTForDepthEstimation, pixels: Tensor) -> list[Tensor]:
    """Compute the maps that the head takes, each twice as fine as the one before.

    transformers' own ``forward`` takes the tokens of a plain ViT for those of a square image, and
    a hybrid refuses all sizes but one.

    Args:
        pixels: ``B,3,H,W``, normalised.
    """
    config = model.config
    if model.backbone is not None:
        patch, features = (
            config.backbone_config.patch_size,
            list(model.backbone(pixels).feature_maps),
        )
    else:
        patch, features = config.patch_size, _features(model, pixels)
    rows, columns = pixels.shape[2] // patch, pixels.shape[3] // patch
    fused: list[Tensor] = model.neck(features, rows, columns)
    return fused


def _features(model: DPTForDepthEstimation, pixels: Tensor) -> list[Tensor]:
    """Compute the neck's input from a ViT: tokens after some blocks; for a hybrid two maps
    before them."""
    config = model.config
    out_blocks = config.backbone_out_indices
    if config.is_hybrid:
        embedded = model.dpt.embeddings(pixels, interpolate_pos_encoding=True)
        features, out_blocks = list(embedded.intermediate_activations), out_blocks[2:]
    else:
        embedded, features = model.dpt.embeddings(pixels), []
    tokens = embedded.last_hidden_states
    for number, block in enumerate(model.dpt.encoder.layer):
        tokens = block(tokens)
        if number in out_blocks:
            features.append(tokens)
    return features


def _side_px(size: Any) -> int:
    """Read the side off ``{"height": 384, "width": 384}``, ``{"shortest_edge": 384}`` or plain
    384."""
    return int(min(size.values())) if isinstance(size, dict) else int(size)
