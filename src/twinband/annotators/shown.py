"""Whether an image shows an object at all: at night RGB may not, thermal not a cold sign.

The rule, wherever objects "that the modality shows" are spoken of: in some channel the mean grey
level of the object differs by at least 8 of 255 from that of the ring of 4 px around it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

RING_PX = 4
LEAST_CONTRAST = 8.0
DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING_PX + 1, 2 * RING_PX + 1))


def contrast(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Greatest difference over the channels between a mask's mean and that of its ring.

    Args:
        image: ``H,W,3`` uint8.
        mask: ``H,W``, of the object.

    Returns:
        Grey levels, in [0, 255]; 0 if the mask is empty or has no surroundings.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0.0
    part = (
        slice(max(rows[0] - RING_PX, 0), rows[-1] + RING_PX + 1),
        slice(max(columns[0] - RING_PX, 0), columns[-1] + RING_PX + 1),
    )
    inside = mask[part]
    ring = cv2.dilate(inside.astype(np.uint8), DISC).astype(bool) & ~inside
    if not ring.any():
        return 0.0
    pixels = image[part]
    return float(np.abs(pixels[inside].mean(0) - pixels[ring].mean(0)).max())


def shows(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> bool:
    """Whether ``image`` (``H,W,3`` uint8) shows what ``mask`` (``H,W``) covers."""
    return contrast(image, mask) >= LEAST_CONTRAST
