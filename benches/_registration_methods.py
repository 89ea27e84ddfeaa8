"""Rival registration methods for one RGB-thermal pair; neither judges its result."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from twinband.registration.fields import luminance
from twinband.registration.geometry import Frame, Matrix, grid_change, inverted

LEVELS = 3  # of the pyramids: a quarter, half and full size
BINS = 32
INFORMATION_SIDE_PX = 256

Grey = NDArray[np.float32]


def gradient_ecc(rgb: NDArray[Any], thermal: NDArray[Any]) -> Matrix:
    """Maximise the enhanced correlation of gradient magnitudes, affine, from coarse to fine."""
    fixed, moving = (_gradient(luminance(image)) for image in (rgb, thermal))
    warp = np.eye(2, 3, dtype=np.float32)  # from fixed to moving
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
    for level in range(LEVELS - 1, -1, -1):
        one, other = (cv2.resize(g, None, fx=0.5**level, fy=0.5**level) for g in (fixed, moving))
        scaled = warp.copy()
        scaled[:, 2] *= 0.5**level
        try:
            _, scaled = cv2.findTransformECC(
                one, other, scaled, cv2.MOTION_AFFINE, stop, np.ones(other.shape, np.uint8), 5
            )
        except cv2.error:  # it did not converge on this level
            continue
        warp = scaled.copy()
        warp[:, 2] /= 0.5**level
    return inverted(np.vstack([warp, (0, 0, 1)]).astype(np.float64))


def mutual_information(rgb: NDArray[Any], thermal: NDArray[Any]) -> Matrix:
    """Maximise the mutual information of grey levels, affine, by Powell's method."""
    full = Frame(rgb.shape[1], rgb.shape[0])
    zoom = min(1.0, INFORMATION_SIDE_PX / max(full.width, full.height))
    frame = Frame(round(full.width * zoom), round(full.height * zoom))
    fixed, moving = (_small(luminance(image), frame) for image in (rgb, thermal))
    centre, radius = np.array(frame.centre), frame.radius

    def inverse(unknowns: NDArray[np.float64]) -> Matrix:
        matrix = np.eye(3)
        matrix[:2, :2] += unknowns[:4].reshape(2, 2) / radius
        matrix[:2, 2] = centre - matrix[:2, :2] @ centre + unknowns[4:]
        return matrix

    def cost(unknowns: NDArray[np.float64]) -> float:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (frame.width, frame.height)
        seen = cv2.warpAffine(moving, inverse(unknowns)[:2], size, flags=flags, borderValue=-1)
        inside = seen >= 0
        return -_information(fixed[inside], seen[inside])

    optimum = optimize.minimize(
        cost, np.zeros(6), method="Powell", options={"maxiter": 6, "xtol": 0.02, "ftol": 1e-4}
    )
    change = grid_change(full, frame)
    return inverted(change) @ inverted(inverse(optimum.x)) @ change


def _gradient(grey: Grey) -> Grey:
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.3)
    return cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))


def _small(grey: Grey, frame: Frame) -> Grey:
    """Reduce to ``frame``, in units of bins."""
    small = cv2.resize(grey, (frame.width, frame.height), interpolation=cv2.INTER_AREA)
    low, high = float(small.min()), float(small.max())
    return (small - low) * np.float32((BINS - 1) / max(high - low, 1e-6))


def _information(one: Grey, other: Grey) -> float:
    if one.size < BINS * BINS:
        return 0.0
    index = np.rint(one).astype(np.int64) * BINS + np.rint(other).astype(np.int64)
    joint = np.bincount(index, minlength=BINS * BINS).reshape(BINS, BINS) / one.size
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    filled = joint > 0
    return math.fsum(joint[filled] * np.log(joint[filled] / apart[filled]))
