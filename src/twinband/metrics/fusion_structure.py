"""Structure that a fused image takes over from its sources: Qabf, SSIM, MS-SSIM and MEF-SSIM."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # H,W
Plane = NDArray[np.float64]

_SIDE = 11
_HALF = _SIDE // 2
_SCALE_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # Wang et al., 2003
_EXPOSURE_SCALES = 3


def edge_transfer(infrared: Image, visible: Image, fused: Image, definition: str) -> float:
    """Compute Qabf, the share of the sources' edges that the fused image has (Xydeas, Petrovic).

    Sobel edges with zeros beyond the border, weighted by their strength. Both suites take the
    strength itself for the ratio of two equal strengths; ``standard`` takes 1. The strength is
    that of levels 0 to 255 here: Linfeng's sheets were made with levels of 0 to 1, by which a copy
    of a source, all of whose edges are equal, has hardly any quality. That is 0.02 % of a sheet's
    number, which is met to all digits otherwise. NaN for sources without edges.
    """
    strength, angle = _edges(fused, definition)
    kept, total = 0.0, 0.0
    for source in (infrared, visible):
        true_strength, true_angle = _edges(source, definition)
        larger = np.maximum(strength, true_strength)
        ratio = np.divide(
            np.minimum(strength, true_strength), larger, out=np.zeros_like(larger), where=larger > 0
        )
        if definition != "standard":
            equal = strength == true_strength
            ratio[equal] = strength[equal] * (255 if definition == "linfeng" else 1)
        turn = 1 - np.abs(true_angle - angle) / (np.pi / 2)
        quality = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5)))
        quality *= 0.9879 / (1 + np.exp(-22 * (turn - 0.8)))
        kept += float((quality * true_strength).sum())
        total += float(true_strength.sum())
    return kept / total if total else float("nan")


def _edges(image: Image, definition: str) -> tuple[Plane, Plane]:
    """Compute strength and angle (radians, -pi/2 to pi/2) of the Sobel edges.

    ``linfeng`` has levels of 0 to 1, whose differences do not cancel to exactly 0; the angle of
    an edge that ought to be exactly vertical is then +pi/2 or -pi/2 by rounding, a visible part
    of the number. The terms are added in the order of MATLAB's ``conv2``, so as to agree.
    """
    levels = np.pad(image / 255.0 if definition == "linfeng" else image.astype(np.float64), 1)
    height, width = image.shape

    def total(terms: Sequence[tuple[int, int, int]]) -> Plane:
        plane = np.zeros(image.shape)
        for weight, y, x in terms:
            plane += weight * levels[y : y + height, x : x + width]
        return plane

    across = total([(-1, 2, 2), (-2, 1, 2), (-1, 0, 2), (1, 2, 0), (2, 1, 0), (1, 0, 0)])
    down = total([(1, 2, 2), (-1, 0, 2), (2, 2, 1), (-2, 0, 1), (1, 2, 0), (-1, 0, 0)])
    slope = np.divide(down, across, out=np.full(across.shape, np.inf), where=across != 0)
    return np.sqrt(across * across + down * down), np.arctan(slope)


def similarity(source: Image, fused: Image, definition: str) -> float:
    """Compute SSIM by a Gaussian of 11 pixels, deviation 1.5; at most 1.

    ``standard`` has levels and constants of 0 to 255 and windows inside the image. ``linfeng``
    has the constants of levels 0 to 1 and repeats the border; ``zoo`` multiplies the levels by
    255 once more. Both make the constants far too small. NaN below 11 pixels.
    """
    if min(fused.shape) < _SIDE:
        return float("nan")
    true, found = _levels(source, definition), _levels(fused, definition)
    peak = 1.0 if definition == "linfeng" else 255.0
    structure, light = _maps(true, found, peak, definition == "linfeng")
    return float((structure * light).mean())


def multiscale_similarity(source: Image, fused: Image, definition: str) -> float:
    """Compute MS-SSIM of five scales (Wang et al., 2003), at most 1; NaN up to 160 pixels."""
    if min(fused.shape) <= (_SIDE - 1) * 2 ** (len(_SCALE_WEIGHTS) - 1):
        return float("nan")
    true, found = _levels(source, definition), _levels(fused, definition)
    result = 1.0
    for scale, weight in enumerate(_SCALE_WEIGHTS, 1):
        structure, light = _maps(true, found, 255.0, full=False)
        last = scale == len(_SCALE_WEIGHTS)
        term = (structure * light).mean() if last else structure.mean()
        result *= max(float(term), 0.0) ** weight
        true, found = (_half(plane, definition) for plane in (true, found))
    return float(result)


def exposure_similarity(infrared: Image, visible: Image, fused: Image) -> float:
    """Compute MEF-SSIM of three scales (Ma et al., 2015), which Linfeng's suite calls MS-SSIM.

    At each place the fused image is compared with what it should be: the structure of the
    sources, by their strength, with the larger contrast of the two. At most 1; NaN for images
    below 44 pixels.
    """
    if min(fused.shape) < _SIDE * 2 ** (_EXPOSURE_SCALES - 1):
        return float("nan")
    planes = [image.astype(np.float64) for image in (infrared, visible, fused)]
    weights = _SCALE_WEIGHTS[:_EXPOSURE_SCALES] / _SCALE_WEIGHTS[:_EXPOSURE_SCALES].sum()
    result = 1.0
    for weight in weights:
        result *= max(_exposure_quality(*planes), 0.0) ** weight
        planes = [_half(plane, "standard") for plane in planes]
    return float(result)


def _exposure_quality(one: Plane, other: Plane, found: Plane) -> float:
    """Compute MEF-SSIM of one scale.

    The wanted block is a sum of the sources' blocks, so all its moments are sums of theirs.
    """
    flat = np.full(_SIDE, 1 / _SIDE)
    tiny = np.finfo(np.float64).eps
    var_one, var_other, shared = _moments(one, other, flat)
    strengths = [_SIDE * np.sqrt(np.maximum(v, 0)) for v in (var_one, var_other)]
    both = _SIDE * np.sqrt(np.maximum(var_one + var_other + 2 * shared, 0))
    agreement = np.clip((both + tiny) / (sum(strengths) + tiny), tiny, 1 - tiny)
    power = np.minimum(np.tan(np.pi / 2 * agreement), 10)
    contrasts = [strength + 0.001 for strength in strengths]
    parts = [(contrast / _SIDE) ** power + tiny for contrast in contrasts]
    a, b = (
        part / (parts[0] + parts[1]) / contrast
        for part, contrast in zip(parts, contrasts, strict=True)
    )
    norm = _SIDE * np.sqrt(np.maximum(a * a * var_one + b * b * var_other + 2 * a * b * shared, 0))
    largest = np.maximum(*contrasts)
    scale = np.divide(largest, norm, out=np.ones_like(norm), where=norm > 0)
    a, b = a * scale, b * scale
    window = _gaussian()
    var_one, var_found, with_one = _moments(one, found, window)
    var_other, _, with_other = _moments(other, found, window)
    _, _, shared = _moments(one, other, window)
    wanted = a * a * var_one + b * b * var_other + 2 * a * b * shared
    covariance = a * with_one + b * with_other
    constant = (0.03 * 255) ** 2
    return float(((2 * covariance + constant) / (wanted + var_found + constant)).mean())


def _levels(image: Image, definition: str) -> Plane:
    return image.astype(np.float64) * (255 if definition == "zoo" else 1)


def _maps(true: Plane, found: Plane, peak: float, full: bool) -> tuple[Plane, Plane]:
    """Compute SSIM's maps of structure (with contrast) and of light; ``full`` has the border."""
    window = _gaussian()
    mean_true, mean_found = (_smooth(plane, window, full) for plane in (true, found))
    variance, other, covariance = _moments(true, found, window, full)
    first, second = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    structure = (2 * covariance + second) / (variance + other + second)
    light = (2 * mean_true * mean_found + first) / (mean_true**2 + mean_found**2 + first)
    return structure, light


def _moments(
    one: Plane, other: Plane, window: Plane, full: bool = False
) -> tuple[Plane, Plane, Plane]:
    """Compute the local variances of two planes and their covariance."""
    mean_one, mean_other = _smooth(one, window, full), _smooth(other, window, full)
    return (
        _smooth(one * one, window, full) - mean_one**2,
        _smooth(other * other, window, full) - mean_other**2,
        _smooth(one * other, window, full) - mean_one * mean_other,
    )


def _gaussian() -> Plane:
    weights = np.exp(-((np.arange(_SIDE) - _HALF) ** 2) / (2 * 1.5**2))
    return np.asarray(weights / weights.sum())


def _smooth(plane: Plane, window: Plane, full: bool = False) -> Plane:
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, window, window, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth if full else smooth[_HALF:-_HALF, _HALF:-_HALF])


def _half(plane: Plane, definition: str) -> Plane:
    """Halve a plane by means of 2 x 2.

    Of odd sides the last row or column is repeated; ``zoo`` puts zeros around all of an odd side.
    """
    odd = [side % 2 for side in plane.shape]
    if definition == "zoo":
        padded = np.pad(plane, [(one, one) for one in odd])
        plane = padded[: padded.shape[0] // 2 * 2, : padded.shape[1] // 2 * 2]
    else:
        plane = np.pad(plane, [(0, one) for one in odd], mode="edge")
    return (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 4
