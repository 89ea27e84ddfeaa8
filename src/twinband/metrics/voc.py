"""VOC's average precision at one overlap, in both variants, for boxes of any shape.

Detections are taken by score, over all images of a class. Each looks at the box that it overlaps
most: it is right if the overlap is enough and the box is not yet taken, it is left out if that box
is ``difficult``, and else it is false. Source: VOC's development kit; spec/benchmarks.md B.2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.5
FALSE, TRUE, LEFT_OUT = 0, 1, -1  # what a detection is
VARIANTS = ("area", "11-point")
Floats = NDArray[np.float64]
Overlaps = Callable[[Floats, Floats], Floats]  # of boxes n,k and m,k; gives n,m


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Boxes of one class: ``image`` (``n``), ``boxes`` (``n,k``), ``difficult`` (``n``), which are
    neither asked for nor held against anybody."""

    image: NDArray[np.int64]
    boxes: Floats
    difficult: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Detections of one class: ``image`` (``n``), ``boxes`` (``n,k``), ``scores`` (``n``)."""

    image: NDArray[np.int64]
    boxes: Floats
    scores: Floats


def box_iou(first: Floats, second: Floats, pixel: float = 0.0) -> Floats:
    """Compute the IoU ``n,m`` of boxes ``n,4`` and ``m,4``, each x1, y1, x2, y2 in px.

    Args:
        pixel: 1 if the second corner is the last pixel inside, as in VOC's own files.
    """
    starts = np.maximum(first[:, None, :2], second[None, :, :2])
    ends = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(ends - starts + pixel, 0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2] + pixel).prod(-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)


def inclusive_iou(first: Floats, second: Floats) -> Floats:
    """Compute the IoU ``n,m`` of boxes whose second corner is the last pixel inside."""
    return box_iou(first, second, 1.0)


def outcomes(truth: Truth, found: Detections, overlaps: Overlaps) -> NDArray[np.int8]:
    """Tell of each detection, best score first, whether it is ``TRUE``, ``FALSE`` or
    ``LEFT_OUT``."""
    order = np.argsort(-found.scores, kind="stable")
    images, boxes = found.image[order], found.boxes[order]
    result = np.full(len(order), FALSE, np.int8)
    by_image, of_image = _grouped(images), _grouped(truth.image)
    for image in by_image.keys() & of_image.keys():
        rows, its = by_image[image], of_image[image]
        table = overlaps(boxes[rows], truth.boxes[its])
        nearest = table.argmax(1)
        enough = table.max(1) >= OVERLAP
        taken: set[int] = set()
        for row, box in zip(rows[enough], nearest[enough].tolist(), strict=True):
            if truth.difficult[its[box]]:
                result[row] = LEFT_OUT
            elif box not in taken:
                taken.add(box)
                result[row] = TRUE
    return result


def _grouped(images: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """List the places of each image, in order."""
    order = np.argsort(images, kind="stable")
    names, starts = np.unique(images[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(names) else {}


def average_precision(ranked: NDArray[np.int8], positives: int, variant: str) -> float:
    """Compute the average precision of outcomes, best score first; NaN without ``positives``.

    Args:
        ranked: ``n``, of ``outcomes``.
        positives: boxes to find, without difficult ones.
        variant: ``area`` under the monotone envelope (VOC from 2010), or ``11-point``, the mean of
            the envelope at recalls 0, 0.1, … 1 (VOC 2007).
    """
    if not positives:
        return float("nan")
    counted = ranked[ranked != LEFT_OUT]
    hits = np.cumsum(counted == TRUE)
    recall = hits / positives
    precision = hits / np.arange(1, len(counted) + 1)
    if variant == "11-point":
        points = [precision[recall >= k / 10].max(initial=0.0) for k in range(11)]
        return float(np.mean(points))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(recall, prepend=0.0)
    return float((steps * envelope).sum())


def average_precisions(
    truth: Truth, found: Detections, overlaps: Overlaps = box_iou
) -> dict[str, float]:
    """Compute the average precision of one class at an overlap of 0.5, in all ``VARIANTS``."""
    ranked = outcomes(truth, found, overlaps)
    positives = int((~truth.difficult).sum())
    return {variant: average_precision(ranked, positives, variant) for variant in VARIANTS}
