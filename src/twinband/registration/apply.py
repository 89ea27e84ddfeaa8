"""Bring thermal, or labels drawn on it, onto the RGB grid."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.similarity import Matrix, inverted

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads


def warp_thermal(
    thermal: NDArray[Any], matrix: Matrix, width: int, height: int, *, labels: bool = False
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Resample ``thermal`` (``H,W`` or ``H,W,C``, uint8, uint16 or float32) onto the RGB grid.

    Args:
        matrix: 3x3, thermal pixel to RGB pixel, as in ``Registration.matrix``.
        width: of the RGB image.
        height: of the RGB image.
        labels: take the nearest pixel, so that no class is made up between two others.

    Returns:
        The image in its own depth, 0 where thermal has no data; and the ``height,width`` mask of
        pixels whose place lies on thermal pixels.
    """
    method = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    moved = cv2.warpPerspective(thermal, matrix, (width, height), flags=method)
    across, down = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height))
    places = inverted(matrix) @ np.stack([across.ravel(), down.ravel(), np.ones(across.size)])
    x, y = places[:2] / places[2]
    edge = 1e-6 if not labels else 0.5
    inside = (x >= -edge) & (x <= thermal.shape[1] - 1 + edge)
    inside &= (y >= -edge) & (y <= thermal.shape[0] - 1 + edge)
    valid = inside.reshape(height, width)
    moved[~valid] = 0
    return moved, valid
