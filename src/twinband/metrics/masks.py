"""Object coverage by masks without class names: mean best IoU and recall."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinband.sam.rle import array_iou

RECALLED_IOU = 0.5


@dataclass(frozen=True, slots=True)
class ObjectScores:
    """Scores over some objects.

    Attributes:
        objects: their number.
        mean_iou: mean over the objects of the IoU with the mask that fits best.
        recall: share of the objects with a mask of an IoU of at least ``RECALLED_IOU``.
    """

    objects: int
    mean_iou: float
    recall: float

    @classmethod
    def of(cls, best: Iterable[float]) -> "ObjectScores | None":
        """Average the best IoU of each object; None if there is no object."""
        values = np.fromiter(best, np.float64)
        if not values.size:
            return None
        return cls(values.size, float(values.mean()), float((values >= RECALLED_IOU).mean()))


def best_ious(
    masks: NDArray[np.bool_], objects: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Compute the greatest IoU of each object ``H,W`` with any of the masks ``n,H,W``; 0 without
    masks."""
    if not len(masks) or not objects:
        return np.zeros(len(objects))
    return np.asarray(array_iou(np.stack(objects), masks).max(1))


def large_objects(instances: NDArray[np.integer], least_px: int) -> list[NDArray[np.bool_]]:
    """List the masks ``H,W`` of instances (``H,W``, ids from 1, 0 for none) of at least
    ``least_px`` pixels, in order of id."""
    areas = np.bincount(instances.ravel())
    return [instances == i for i in np.flatnonzero(areas >= least_px) if i]
