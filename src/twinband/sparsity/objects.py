"""Where the labels of a pair show objects, and how much of each patch that is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LABEL_IMAGES = ("semantics", "saliency")  # 0 is background
BOXES, TARGET = "boxes", "target_rgb"


def object_mask(labels: Mapping[str, Any], shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """``H,W``: what any label of the pair calls an object, boxes filled.

    None if nothing of the kind was labelled, which differs from labels that show no object.

    Args:
        labels: of a registered pair.
        shape: height and width of its grid.
    """
    images = [labels[name] for name in LABEL_IMAGES if name in labels]
    boxes = [box["xyxy"] for box in labels.get(BOXES, [])]
    if labels.get(TARGET) is not None:
        boxes.append(labels[TARGET])
    if not images and BOXES not in labels and TARGET not in labels:
        return None
    mask = np.zeros(shape, np.bool_)
    for image in images:
        mask |= image > 0
    for left, top, right, bottom in boxes:
        rows = slice(max(0, round(top)), max(0, round(bottom)))
        mask[rows, max(0, round(left)) : max(0, round(right))] = True
    return mask


def pixels_of_patches(mask: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.int64]:
    """``L``: how many pixels of ``mask`` lie in each patch of a ``grid`` laid over it.

    A pixel belongs to the patch that its centre lies in, so each counts exactly once whether or
    not the patches divide the image evenly.

    Args:
        mask: ``H,W``.
        grid: rows and columns of patches.
    """
    rows, columns = (
        (2 * np.arange(size) + 1) * parts // (2 * size)
        for size, parts in zip(mask.shape, grid, strict=True)
    )
    places = rows[:, None] * grid[1] + columns
    return np.bincount(places[mask], minlength=grid[0] * grid[1]).astype(np.int64, copy=False)
