"""Bring an image, or labels drawn on it, onto the other camera's grid."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.similarity import Matrix, inverted, transformed

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads


def resampled(
    image: NDArray[Any], matrix: Matrix, width: int, height: int, *, labels: bool = False
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Resample ``image`` (``H,W`` or ``H,W,C``; uint8, uint16 or float32) onto another grid.

    Where the new grid is coarser the image is smoothed first, so that nothing aliases.

    Args:
        matrix: 3x3, pixel of ``image`` to pixel of the grid; ``Registration.matrix`` for thermal,
            its inverse for RGB.
        width: of the grid.
        height: of the grid.
        labels: take the nearest pixel, so that no class is made up between two others.

    Returns:
        The image in its own depth, 0 where it has no data; and the ``height,width`` mask of
        pixels whose centre lies on its pixels.
    """
    if not labels:
        image = _smoothed(image, matrix)
    method = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    # Without a border that repeats, the image's last pixels would be mixed with black.
    moved = cv2.warpPerspective(
        image, matrix, (width, height), flags=method, borderMode=cv2.BORDER_REPLICATE
    )
    valid = _covered(image.shape, matrix, width, height)
    moved[~valid] = 0
    return moved, valid


def _smoothed(image: NDArray[Any], matrix: Matrix) -> NDArray[Any]:
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale > 0.95:
        return image
    return cv2.GaussianBlur(image, (0, 0), 0.5 * math.sqrt(1 / scale**2 - 1))


def _covered(shape: tuple[int, ...], matrix: Matrix, width: int, height: int) -> NDArray[np.bool_]:
    edge = 0.5 + 1e-6  # a pixel reaches half a pixel beyond its centre
    across, down = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height))
    places = inverted(matrix) @ np.stack([across.ravel(), down.ravel(), np.ones(across.size)])
    in_front = places[2] > 0
    x, y = places[:2] / np.where(in_front, places[2], 1.0)
    inside = in_front & (x >= -edge) & (x <= shape[1] - 1 + edge)
    inside &= (y >= -edge) & (y <= shape[0] - 1 + edge)
    return np.asarray(inside.reshape(height, width))


def moved_box(box: list[float], matrix: Matrix, width: int, height: int) -> list[float] | None:
    """``[x1, y1, x2, y2]`` through ``matrix``: the upright box around its corners, cut to the
    ``width`` x ``height`` grid; None if it lies outside.

    A box's coordinates count from the image's edge, half a pixel before the first pixel's centre.
    """
    x1, y1, x2, y2 = box
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    x, y = (transformed(matrix, corners - 0.5) + 0.5).T
    left, top = max(float(x.min()), 0.0), max(float(y.min()), 0.0)
    right, bottom = min(float(x.max()), float(width)), min(float(y.max()), float(height))
    return [left, top, right, bottom] if left < right and top < bottom else None
