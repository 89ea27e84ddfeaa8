"""Classes by transformers' Mask2Former (Cheng et al., 2022), by its semantic inference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import Mask2FormerForUniversalSegmentation

from twinband.pseudo_labels.label import Semantics
from twinband.pseudo_labels.transformers import Preprocessing, in_batches, load_pretrained, positive
from twinband.weights import Weights

UNUSED = r"criterion\..*"  # of the loss


@dataclass(frozen=True, slots=True)
class Options:
    """Options of this annotator.

    Attributes:
        top_k: number of the likeliest classes to keep of each pixel, with their scores; 0 for
            none.
    """

    top_k: int = 0

    def __post_init__(self) -> None:
        if self.top_k:
            positive("top_k", self.top_k)


class Mask2Former:
    """A Mask2Former with its weights in memory; see ``Annotator``."""

    kind: Literal["semantics"] = "semantics"

    def __init__(self, weights: Weights, options: Options, device: str) -> None:
        self._options, self._device = options, device
        self._preprocessing = Preprocessing.read(weights.path)
        self._model = load_pretrained(Mask2FormerForUniversalSegmentation, weights, device, UNUSED)
        named = self._model.config.id2label
        self.names: tuple[str, ...] = tuple(named[number] for number in sorted(named))
        if options.top_k > len(self.names):
            raise ValueError(f"top_k is at most {len(self.names)}, the number of classes")

    @property
    def rule(self) -> str:
        settings = self._preprocessing.config
        size = ", ".join(f"{name} {px} px" for name, px in sorted(_sides(settings).items()))
        return f"{size.replace('_', ' ')}, both sides up to a multiple of {_divisor(settings)} px"

    @torch.inference_mode()
    def labels(self, images: Sequence[NDArray[np.uint8]], zoom: float = 1.0) -> list[Semantics]:
        return in_batches(images, self._device, lambda batch: self._answer(batch, zoom))

    def _answer(self, images: Tensor, zoom: float) -> list[Semantics]:
        height, width = images.shape[2:]
        size = shown_size(height, width, self._preprocessing.config, zoom)
        output = self._model(self._preprocessing.pixels(images, size))
        scores = scores_of_classes(
            output.class_queries_logits, output.masks_queries_logits, (height, width)
        )
        return [self._label(image_scores) for image_scores in scores]

    def _label(self, scores: Tensor) -> Semantics:
        best, classes = scores.max(0)
        total = scores.sum(0).clamp(min=torch.finfo(scores.dtype).tiny)
        top = None
        if self._options.top_k:
            top_scores, top_classes = scores.topk(self._options.top_k, dim=0)
            top = top_classes.cpu().numpy(), (top_scores / total).cpu().numpy()
        confidence = (best / total).cpu().numpy()
        return Semantics(classes.cpu().numpy(), confidence, self.names, top)


def open_annotator(weights: Weights, options: Mapping[str, Any], device: str) -> Mask2Former:
    """Load a Mask2Former; ``options`` are the fields of ``Options``.

    Raises:
        InputError: the weights are no Mask2Former's.
        TypeError: an unknown option.
        ValueError: an option has an impossible value, or there is no such device.
    """
    return Mask2Former(weights, Options(**options), device)


def scores_of_classes(classes: Tensor, masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Score each pixel for each class, ``B,C,*size``.

    The sum over queries of the class's probability (that of "no object" left out) times the mask's.

    Args:
        classes: logits ``B,Q,C+1``, "no object" last.
        masks: logits ``B,Q,h,w``.
        size: of the image.
    """
    probabilities = classes.softmax(-1)[..., :-1]
    scores = torch.einsum("bqc,bqhw->bchw", probabilities, masks.sigmoid())
    return F.interpolate(scores, size, mode="bilinear", align_corners=False)


def shown_size(
    height: int, width: int, settings: Mapping[str, Any], zoom: float
) -> tuple[int, int]:
    """Compute the height and width to which transformers' image processor resizes.

    Args:
        settings: ``size`` is ``shortest_edge`` with a limit ``longest_edge``, or ``height`` and
            ``width``; ``size_divisor`` divides both sides.
        zoom: multiplies all of these lengths.
    """
    sides = {name: round(px * zoom) for name, px in _sides(settings).items()}
    if "shortest_edge" in sides:
        short, long = sorted((height, width))
        edge, limit = sides["shortest_edge"], sides.get("longest_edge", 0)
        if limit and edge * long > limit * short:
            edges = round(limit * short / long), limit
        else:
            edges = edge, edge * long // short
        rows, columns = edges if height <= width else edges[::-1]
    else:
        rows, columns = sides["height"], sides["width"]
    divisor = _divisor(settings)
    return -(-rows // divisor) * divisor, -(-columns // divisor) * divisor


def _sides(settings: Mapping[str, Any]) -> dict[str, int]:
    """Read the lengths; files of older versions have ``size: 800`` and ``max_size: 1333``."""
    size = settings["size"]
    if isinstance(size, dict):
        return dict(size)
    return {"shortest_edge": size, "longest_edge": settings.get("max_size", 1333)}


def _divisor(settings: Mapping[str, Any]) -> int:
    return max(1, int(settings.get("size_divisor", 32)))
