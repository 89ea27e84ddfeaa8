"""Information that a fused image holds, and that it shares with a source: EN, MI, VIF."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # H,W
Plane = NDArray[np.float64]

_NOISE = 2.0  # variance of the eye's noise in VIF
_NOTHING = 1e-10


def entropy(fused: Image, definition: str) -> float:
    """Compute EN, the entropy of the 256 grey levels, in bits; ``zoo`` adds 1e-7 in the log."""
    shares = np.bincount(fused.ravel(), minlength=256) / fused.size
    if definition == "zoo":
        return float(-np.sum(shares * np.log2(shares + 1e-7)))
    return _bits(shares)


def mutual_information(source: Image, fused: Image, definition: str) -> float:
    """Compute the information that the two images share, in bits.

    ``linfeng`` finds a level's place in the joint histogram by adding 1 to a uint8, which
    saturates: 254 and 255 are one level there, though not in the entropies of the images.
    """
    last = 254 if definition == "linfeng" else 255
    rows, columns = (np.minimum(image, last).astype(np.intp) for image in (source, fused))
    joint = np.bincount((rows * 256 + columns).ravel()) / fused.size
    single = (np.bincount(image.ravel()) / image.size for image in (source, fused))
    return sum(_bits(shares) for shares in single) - _bits(joint)


def visual_information(source: Image, fused: Image, definition: str) -> float:
    """Compute VIF in the pixel domain over four scales; 1 for equal images.

    The first argument is the source: VIF is not symmetric. ``zoo`` pads with zeros, and its
    Gaussians lie on a grid that is off centre.
    """
    shared, total = 0.0, 0.0
    true, found = source.astype(np.float64), fused.astype(np.float64)
    for size in (17, 9, 5, 3):
        window = _window(size, definition)
        if size < 17:
            true, found = (_smooth(x, window, definition)[::2, ::2] for x in (true, found))
        if min(true.shape) < size:
            return float("nan")
        of_scale = _scale_information(true, found, window, definition)
        shared, total = shared + of_scale[0], total + of_scale[1]
    return shared / total if total else float("nan")


def _scale_information(
    true: Plane, found: Plane, window: Plane, definition: str
) -> tuple[float, float]:
    """Compute what the found image tells of the true one at one scale, and what there is."""

    def smooth(plane: Plane) -> Plane:
        return _smooth(plane, window, definition)

    mean_true, mean_found = smooth(true), smooth(found)
    var_true = np.maximum(smooth(true * true) - mean_true**2, 0)
    var_found = np.maximum(smooth(found * found) - mean_found**2, 0)
    covariance = smooth(true * found) - mean_true * mean_found
    gain = covariance / (var_true + _NOTHING)
    rest = var_found - gain * covariance
    flat = var_true < _NOTHING
    gain[flat], rest[flat], var_true[flat] = 0, var_found[flat], 0
    flat = var_found < _NOTHING
    gain[flat], rest[flat] = 0, 0
    opposed = gain < 0
    gain[opposed], rest[opposed] = 0, var_found[opposed]
    rest = np.maximum(rest, _NOTHING)
    shared = np.log10(1 + gain**2 * var_true / (rest + _NOISE)).sum()
    return float(shared), float(np.log10(1 + var_true / _NOISE).sum())


def _window(size: int, definition: str) -> Plane:
    """Make one side of a separable Gaussian with a deviation of a fifth of its size."""
    first, last = (-size // 2, size // 2) if definition == "zoo" else (-(size // 2), size // 2)
    places = np.linspace(first, last, size)
    weights = np.exp(-(places**2) / (2 * (size / 5) ** 2))
    return np.asarray(weights / weights.sum())


def _smooth(plane: Plane, window: Plane, definition: str) -> Plane:
    border = cv2.BORDER_CONSTANT if definition == "zoo" else cv2.BORDER_REPLICATE
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, window, window, borderType=border)
    cut = 0 if definition == "zoo" else len(window) // 2
    return np.asarray(smooth[cut : len(smooth) - cut, cut : smooth.shape[1] - cut])


def _bits(shares: Plane) -> float:
    known = shares[shares > 0]
    return float(-np.sum(known * np.log2(known)))
