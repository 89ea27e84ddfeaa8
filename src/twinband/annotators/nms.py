"""Non-maximum suppression of boxes."""

import numpy as np
from numpy.typing import NDArray


def nms(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], iou_threshold: float
) -> NDArray[np.intp]:
    """Indices of the boxes that stay, highest score first, of equal scores the earlier.

    A box goes when its intersection over union with a better one that stays exceeds
    ``iou_threshold``. A box without area has an IoU with none, and stays.

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
