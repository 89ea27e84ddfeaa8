"""Masks found in an image, on the way from prompts to results."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.annotators.nms import nms
from twinband.annotators.rle import Rle, area, bbox


@dataclass(frozen=True, slots=True)
class Candidates:
    """n masks and what is known of them, one a row.

    Attributes:
        rles: masks of the whole image.
        boxes: ``n,4``, first and last column and row, of the whole image; zeros if empty.
        predicted_iou: ``n``.
        stability: ``n``.
        points: ``n,2``, the prompts, x and y of the whole image.
        crops: ``n,4``, left, top, right, bottom of the crops that were looked at.
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
        """Some of the masks, by index or by a bool for each."""
        return Candidates(*(getattr(self, field.name)[rows] for field in fields(self)))

    def without_overlaps(self, scores: NDArray[np.floating], iou_threshold: float) -> "Candidates":
        """What stays of them after suppression by their boxes, highest score first."""
        return self.take(nms(self.boxes.astype(np.float32), scores, iou_threshold))

    def as_dicts(self) -> list[dict[str, Any]]:
        """One dict a mask, with segment_anything's keys, and its ``rle``."""
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
    """All masks of ``parts``, in their order."""
    every = list(parts)
    return Candidates(
        *(np.concatenate([getattr(p, field.name) for p in every]) for field in fields(Candidates))
    )


def none_found() -> Candidates:
    """No masks."""
    scores, boxes = np.zeros(0, np.float32), np.zeros((0, 4), np.int64)
    return Candidates(as_array([]), boxes, scores, scores, np.zeros((0, 2)), boxes)


def as_array(rles: list[Rle]) -> NDArray[np.object_]:
    """An array of run lengths, one an element."""
    array = np.empty(len(rles), np.object_)
    array[:] = rles
    return array


def boxes_of(rles: list[Rle]) -> NDArray[np.int64]:
    """``n,4``: first and last column and row of every mask, zeros if it is empty."""
    boxes = np.array([bbox(rle) for rle in rles], np.int64).reshape(-1, 4)
    boxes[:, 2:] = np.maximum(boxes[:, :2] + boxes[:, 2:] - 1, 0)
    return boxes


def _xywh(box: NDArray[np.int64]) -> list[int]:
    left, top, right, bottom = box.tolist()
    return [left, top, right - left, bottom - top]
