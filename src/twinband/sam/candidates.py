"""Candidate masks of an image: their table, non-maximum suppression and clean-up."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sam.rle import Rle, area, bbox, decode, encode

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """A table of n masks, one a row.

    Attributes:
        rles: masks of the whole image.
        boxes: ``n,4``, first and last column and row, of the whole image; zeros if empty.
        predicted_iou: ``n``.
        stability: ``n``.
        points: ``n,2``, the prompts, x and y of the whole image.
        crops: ``n,4``, left, top, right, bottom of the crops in which the masks were found.
    """

    rles: NDArray[np.object_]
    boxes: NDArray[np.int64]
    predicted_iou: NDArray[np.float32]
    stability: NDArray[np.float32]
    points: NDArray[np.float64]
    crops: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rles)

    def take(self, rows: NDArray[Any]) -> "Candidates":
        """Select masks by index, or by a bool for each."""
        return Candidates(*(getattr(self, field.name)[rows] for field in fields(self)))

    def without_overlaps(self, scores: NDArray[np.floating], iou_threshold: float) -> "Candidates":
        """Suppress masks by their boxes; the rest, highest score first."""
        return self.take(nms(self.boxes.astype(np.float32), scores, iou_threshold))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Convert to one dict a mask, with segment_anything's keys and ``rle``."""
        return [
            {
                "area": area(rle),
                "bbox": _xywh(box),
                "predicted_iou": float(predicted_iou),
                "point_coords": [point.tolist()],
                "stability_score": float(stability),
                "crop_box": _xywh(crop),
                "rle": rle,
            }
            for rle, box, predicted_iou, stability, point, crop in zip(
                *(getattr(self, field.name) for field in fields(self)), strict=True
            )
        ]


def joined(parts: Iterable[Candidates]) -> Candidates:
    """Concatenate ``parts`` in their order."""
    parts = list(parts)
    return Candidates(
        *(np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(Candidates))
    )


def no_candidates() -> Candidates:
    """Return a table without rows."""
    scores, boxes = np.zeros(0, np.float32), np.zeros((0, 4), np.int64)
    return Candidates(as_array([]), boxes, scores, scores, np.zeros((0, 2)), boxes)


def as_array(rles: list[Rle]) -> NDArray[np.object_]:
    """Put run lengths into an array, one an element."""
    array = np.empty(len(rles), np.object_)
    array[:] = rles
    return array


def boxes_of(rles: list[Rle]) -> NDArray[np.int64]:
    """Compute ``n,4``, first and last column and row of every mask; zeros if it is empty."""
    boxes = np.array([bbox(rle) for rle in rles], np.int64).reshape(-1, 4)
    boxes[:, 2:] = np.maximum(boxes[:, :2] + boxes[:, 2:] - 1, 0)
    return boxes


def nms(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], iou_threshold: float
) -> NDArray[np.intp]:
    """Suppress overlapping boxes.

    Returns the indices of the boxes that stay, highest score first, of equal scores the earlier.
    A box goes when its intersection over union with a better box that stays exceeds
    ``iou_threshold``. A box without area has an IoU of 0 with any other, and stays.

    Args:
        boxes: ``n,4``, left, top, right, bottom.
        scores: ``n``.
    """
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    rest = np.argsort(-scores, kind="stable")
    kept = []
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(best)
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = np.clip(width, 0, None) * np.clip(height, 0, None)
        union = areas[best] + areas[rest] - shared
        iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        # a threshold such as 0.7 is no number of single precision
        rest = rest[iou.astype(np.float64) <= iou_threshold]
    return np.array(kept, np.intp)


def cleaned(candidates: Candidates, min_area: int, iou_threshold: float) -> Candidates:
    """Fill holes and remove islands of fewer than ``min_area`` pixels.

    Of masks whose boxes overlap afterwards, one that needed no change is preferred.
    """
    rles, untouched = [], []
    for rle in candidates.rles:
        filled, had_holes = without_holes(decode(rle), min_area)
        clean, had_islands = without_islands(filled, min_area)
        untouched.append(not had_holes and not had_islands)
        rles.append(rle if untouched[-1] else encode(clean[None])[0])
    changed = dataclasses.replace(candidates, rles=as_array(rles), boxes=boxes_of(rles))
    return changed.without_overlaps(np.array(untouched, np.float32), iou_threshold)


def without_holes(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    """Fill the holes of ``mask`` smaller than ``min_area`` pixels; returns also whether there
    were any."""
    labels, areas = _regions(~mask)
    small = areas < min_area
    return mask | np.append(False, small)[labels], bool(small.any())


def without_islands(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    """Remove regions of ``mask`` smaller than ``min_area`` pixels, but never the largest region;
    returns also whether there were small ones."""
    labels, areas = _regions(mask)
    small = areas < min_area
    stays = ~small
    if not stays.any() and stays.size:
        stays[areas.argmax()] = True
    return np.append(False, stays)[labels], bool(small.any())


def _regions(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Label connected regions (8 neighbours): ``H,W`` region numbers, 0 for the background, and
    the areas from region 1 on."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    return labels, statistics[1:, cv2.CC_STAT_AREA]


def _xywh(box: NDArray[np.int64]) -> list[int]:
    left, top, right, bottom = box.tolist()
    return [left, top, right - left, bottom - top]
