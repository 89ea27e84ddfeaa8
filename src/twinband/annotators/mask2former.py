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
        top_k: so many of the likeliest classes of each pixel are kept with their scores; 0 for
            none.
    """

    top_k: int = 0

    def __post_init__(self) -> None:
        if self.top_k:
            positive("top_k", self.top_k)


class Mask2Former:
    """See ``Annotator``."""

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
        said = self._preprocessing.said
        size = ", ".join(f"{name} {px} px" for name, px in sorted(_sides(said).items()))
        return f"{size.replace('_', ' ')}, both sides up to a multiple of {_divisor(said)} px"

    @torch.inference_mode()
    def labels(self, images: Sequence[NDArray[np.uint8]], zoom: float = 1.0) -> list[Semantics]:
        return in_batches(images, self._device, lambda batch: self._answer(batch, zoom))

    def _answer(self, images: Tensor, zoom: float) -> list[Semantics]:
        height, width = images.shape[2:]
        size = shown_size(height, width, self._preprocessing.said, zoom)
        found = self._model(self._preprocessing.pixels(images, size))
        scores = scores_of_classes(
            found.class_queries_logits, found.masks_queries_logits, (height, width)
        )
        return [self._label(of_image) for of_image in scores]

    def _label(self, scores: Tensor) -> Semantics:
        best, classes = scores.max(0)
        whole = scores.sum(0).clamp(min=torch.finfo(scores.dtype).tiny)
        top = None
        if self._options.top_k:
            kept, of_kept = scores.topk(self._options.top_k, dim=0)
            top = of_kept.cpu().numpy(), (kept / whole).cpu().numpy()
        confidence = (best / whole).cpu().numpy()
        return Semantics(classes.cpu().numpy(), confidence, self.names, top)


def open_annotator(weights: Weights, options: Mapping[str, Any], device: str) -> Mask2Former:
    """Options are the fields of ``Options``.

    Raises:
        InputError: the weights are no Mask2Former's.
        TypeError: an unknown option.
        ValueError: an option's value that is none, or no such device.
    """
    return Mask2Former(weights, Options(**options), device)


def scores_of_classes(classes: Tensor, masks: Tensor, size: tuple[int, int]) -> Tensor:
    """How much each pixel is of each class, ``B,C,*size``.

    The sum over queries of the class's probability (that of "no object" left out) times the mask's.

    Args:
        classes: logits ``B,Q,C+1``, "no object" last.
        masks: logits ``B,Q,h,w``.
        size: of the image.
    """
    of_queries = classes.softmax(-1)[..., :-1]
    scores = torch.einsum("bqc,bqhw->bchw", of_queries, masks.sigmoid())
    return F.interpolate(scores, size, mode="bilinear", align_corners=False)


def shown_size(height: int, width: int, said: Mapping[str, Any], zoom: float) -> tuple[int, int]:
    """Height and width that transformers' image processor with these settings resizes to.

    Args:
        said: ``size`` is ``shortest_edge`` with a limit ``longest_edge``, or ``height`` and
            ``width``; ``size_divisor`` divides both sides.
        zoom: times all of these lengths.
    """
    sides = {name: round(px * zoom) for name, px in _sides(said).items()}
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
    divisor = _divisor(said)
    return -(-rows // divisor) * divisor, -(-columns // divisor) * divisor


def _sides(said: Mapping[str, Any]) -> dict[str, int]:
    """Files of older versions say ``size: 800`` and ``max_size: 1333``."""
    size = said["size"]
    if isinstance(size, dict):
        return dict(size)
    return {"shortest_edge": size, "longest_edge": said.get("max_size", 1333)}


def _divisor(said: Mapping[str, Any]) -> int:
    return max(1, int(said.get("size_divisor", 32)))
