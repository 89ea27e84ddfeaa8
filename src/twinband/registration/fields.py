"""Orientation fields: what an RGB and a thermal image of one scene have in common.

An edge shows in both bands at the same place and angle, though dark and bright may be exchanged.
The field is ``strength * exp(2i * angle)``: the doubled angle is blind to that exchange.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads

DERIVATIVE_SIGMA_PX = 1.0
TENSOR_SIGMA_PX = 1.0  # gradients of fine texture, at all angles, cancel within this
NEIGHBOURHOOD_PX = 31
STRENGTH_LIMIT = 3.0
GLOBAL_SHARE = 0.05  # of the mean gradient, so that noise in flat areas stays weak
FLAT_LEVELS = 4.0  # of 256: less contrast than this is compression noise

Field = NDArray[np.float32]


def luminance(image: NDArray[Any]) -> NDArray[np.float32]:
    """Compute grey levels of an ``H,W`` or ``H,W,C`` image of any depth; not-a-number counts as 0.

    Raises:
        ValueError: ``image`` has no pixels, or is not two- or three-dimensional.
    """
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"an image of shape H,W or H,W,C is needed, got {image.shape}")
    levels = np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)
    if levels.ndim == 2:
        return levels
    if levels.shape[2] < 3:
        return np.ascontiguousarray(levels[..., 0])
    return levels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)


def is_flat(image: NDArray[Any]) -> bool:
    """Tell if there is too little contrast to find any edge.

    Of integer images the levels are counted on a scale of 256 levels for 8 bits; deeper and
    floating-point images are thermal counts, in which every difference may mean something.
    """
    low, high = np.percentile(luminance(image), (1, 99))
    return bool(high - low < (FLAT_LEVELS if image.dtype == np.uint8 else 1e-6 * max(high, 1e-6)))


def orientation_field(grey: NDArray[np.float32], tensor_sigma_px: float = TENSOR_SIGMA_PX) -> Field:
    """Compute the orientation field of an ``H,W`` grey image: ``H,W,2``, real and imaginary part.

    Angle and magnitude are those of the smoothed structure tensor. The strength is the magnitude
    relative to its neighbourhood, 0..``STRENGTH_LIMIT``.

    Args:
        tensor_sigma_px: of its smoothing; 0 leaves the gradients as sharp as they are.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), DERIVATIVE_SIGMA_PX)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    squares = np.dstack((across * across - down * down, 2 * across * down))
    tensor = cv2.GaussianBlur(squares, (0, 0), tensor_sigma_px) if tensor_sigma_px else squares
    magnitude = np.sqrt(np.hypot(tensor[..., 0], tensor[..., 1]))
    floor = GLOBAL_SHARE * float(magnitude.mean(dtype=np.float64)) + 1e-12
    around = cv2.blur(magnitude, (NEIGHBOURHOOD_PX, NEIGHBOURHOOD_PX)) + floor
    strength = np.minimum(magnitude / around, STRENGTH_LIMIT)
    per_square = strength / np.maximum(magnitude * magnitude, 1e-24)
    return np.ascontiguousarray(tensor * per_square[..., None], dtype=np.float32)


def resized(grey: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Resize ``grey`` to a grid of another size that covers the same view."""
    if grey.shape == (height, width):
        return grey
    shrinks = width < grey.shape[1] or height < grey.shape[0]
    return cv2.resize(
        grey, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
