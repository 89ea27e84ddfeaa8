"""Scores of fused images under the three definitions that papers use, with scale and direction.

The same name stands for different numbers (spec/sage.md 9), so a definition is always chosen and
always told:

- ``linfeng``: the MATLAB suite of Evaluation-for-Image-Fusion, by which most tables are made;
- ``zoo``: the PyTorch suite of IVIF_ZOO;
- ``standard``: what the metrics' own papers define.

Means over pairs are means of the pairs' numbers. Copying one source wins MI, VIF and Qabf, and
averaging the two wins CC, PSNR and SSIM: no single number ranks methods.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinband.metrics.fusion_information import entropy, mutual_information, visual_information
from twinband.metrics.fusion_structure import (
    edge_transfer,
    exposure_similarity,
    multiscale_similarity,
    similarity,
)

Image = NDArray[np.uint8]  # H,W

# rgb2gray's own weights, unrounded
_MATLAB = (0.298936021293775, 0.587043074451121, 0.114020904255103)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its name in tables.

    Attributes:
        name: as in tables, upper case.
        higher_is_better: the direction.
        scales: what the number is, by definition; one for all stands under an empty name.
        compute: of infrared, visible and fused image, and the definition.
    """

    name: str
    higher_is_better: bool
    scales: Mapping[str, str]
    compute: Callable[[Image, Image, Image, str], float]

    def describe(self, definition: str) -> str:
        """Tell scale and direction under a definition."""
        scale = self.scales.get(definition) or self.scales[""]
        return f"{scale}, {'higher' if self.higher_is_better else 'lower'} is better"


def grey(image: NDArray[np.uint8], definition: str) -> Image:
    """Convert ``H,W`` or ``H,W,3`` RGB to grey levels, as the definition's suite does.

    ``linfeng`` rounds MATLAB's weights, the others use Pillow's integer form of BT.601.
    """
    if image.ndim == 2:
        return image
    if definition == "linfeng":
        return np.floor(image @ np.array(_MATLAB) + 0.5).astype(np.uint8)
    weighted = image.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return ((weighted + 0x8000) >> 16).astype(np.uint8)


def fusion_scores(
    infrared: Image, visible: Image, fused: Image, definition: str = "linfeng"
) -> dict[str, float]:
    """Compute all metrics of one pair.

    Args:
        infrared: grey levels ``H,W``; the others have the same size.
        definition: ``linfeng``, ``zoo`` or ``standard``.

    Returns:
        By the names of ``METRICS``; NaN for what is undefined (the edges of images without any, a
        scale that small images do not have), infinite PSNR for a copy of two equal sources.

    Raises:
        ValueError: the sizes differ, or an image is not uint8 of two dimensions.
    """
    for image in (infrared, visible, fused):
        if image.dtype != np.uint8 or image.ndim != 2:
            raise ValueError(f"fusion metrics take uint8 H,W, not {image.dtype} {image.shape}")
        if image.shape != fused.shape:
            raise ValueError(f"sizes differ: {image.shape} and {fused.shape}")
    return {metric.name: metric.compute(infrared, visible, fused, definition) for metric in METRICS}


def deviation(fused: Image) -> float:
    """Compute SD, the standard deviation (of the population) of grey levels, 0 to 127.5."""
    return float(fused.std(dtype=np.float64))


def spatial_frequency(fused: Image) -> float:
    """Compute SF, the root of the mean squared forward differences of rows plus columns.

    Means are over the differences that exist.
    """
    levels = fused.astype(np.float64)
    return float(np.sqrt(sum(np.mean(np.diff(levels, axis=axis) ** 2) for axis in (0, 1))))


def average_gradient(fused: Image, definition: str) -> float:
    """Compute AG, the mean of ``sqrt((gx^2 + gy^2) / 2)`` with central differences.

    ``linfeng`` divides the sum by ``(H - 1) (W - 1)``, the others by the number of pixels.
    """
    down, across = np.gradient(fused.astype(np.float64))
    height, width = fused.shape
    count = (height - 1) * (width - 1) if definition == "linfeng" else height * width
    return float(np.sqrt((down**2 + across**2) / 2).sum() / count)


def squared_error(infrared: Image, visible: Image, fused: Image) -> float:
    """Compute MSE, the mean of those to the two sources, of levels 0 to 1."""
    levels = fused / 255.0
    return float(sum(np.mean((source / 255.0 - levels) ** 2) for source in (infrared, visible)) / 2)


def signal_to_noise(infrared: Image, visible: Image, fused: Image, definition: str) -> float:
    """Compute PSNR in dB; infinite for an MSE of 0.

    Both suites take 255 as the peak of levels 0 to 1, which adds 48.13 dB; ``standard`` takes 1.
    """
    error = squared_error(infrared, visible, fused)
    peak = 1.0 if definition == "standard" else 255.0
    return float(10 * np.log10(peak**2 / error)) if error else float("inf")


def correlation(infrared: Image, visible: Image, fused: Image) -> float:
    """Compute CC, the mean of the fused image's correlations with the two sources, -1 to 1."""
    return (_pearson(infrared, fused) + _pearson(visible, fused)) / 2


def difference_correlation(infrared: Image, visible: Image, fused: Image) -> float:
    """Compute SCD: what each source added, correlated with that source, summed; -2 to 2."""
    levels = fused.astype(np.float64)
    return _pearson(levels - visible, infrared) + _pearson(levels - infrared, visible)


def _pearson(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Compute Pearson's r; 0 where one of the two is constant, for then nothing is shared."""
    left, right = one.astype(np.float64), other.astype(np.float64)
    left, right = left - left.mean(), right - right.mean()
    spread = np.sqrt(np.sum(left * left) * np.sum(right * right))
    return float(np.sum(left * right) / spread) if spread else 0.0


def _ssim(infrared: Image, visible: Image, fused: Image, definition: str) -> float:
    total = sum(similarity(source, fused, definition) for source in (infrared, visible))
    return total if definition == "zoo" else total / 2


def _ms_ssim(infrared: Image, visible: Image, fused: Image, definition: str) -> float:
    if definition == "linfeng":
        return exposure_similarity(infrared, visible, fused)
    total = sum(multiscale_similarity(source, fused, definition) for source in (infrared, visible))
    return total if definition == "zoo" else total / 2


def _both(
    function: Callable[[Image, Image, str], float],
) -> Callable[[Image, Image, Image, str], float]:
    """Sum a metric of a source and the fused image over the two sources."""
    return lambda i, v, f, definition: function(i, f, definition) + function(v, f, definition)


_TINY_CONSTANTS = "with constants made for levels 0 to 1"

METRICS: tuple[Metric, ...] = (
    Metric(
        "EN",
        True,
        {"": "bits, 0 to 8", "zoo": "bits, 0 to 8, 1e-7 inside the logarithm"},
        lambda i, v, f, definition: entropy(f, definition),
    ),
    Metric(
        "SD",
        True,
        {"": "levels of 0 to 255", "linfeng": "levels of 0 to 255 (its sheets: another scale)"},
        lambda i, v, f, definition: deviation(f),
    ),
    Metric(
        "SF",
        True,
        {"": "levels of 0 to 255", "linfeng": "levels of 0 to 255 (its sheets: divided by 255)"},
        lambda i, v, f, definition: spatial_frequency(f),
    ),
    Metric(
        "AG",
        True,
        {"linfeng": "levels of 0 to 255, sum over (H-1)(W-1)", "": "levels of 0 to 255, mean"},
        lambda i, v, f, definition: average_gradient(f, definition),
    ),
    Metric(
        "MI",
        True,
        {"": "bits, sum of two", "linfeng": "bits, sum of two, levels 254 and 255 joined"},
        _both(mutual_information),
    ),
    Metric(
        "CC", True, {"": "-1 to 1, mean of two"}, lambda i, v, f, definition: correlation(i, v, f)
    ),
    Metric(
        "PSNR",
        True,
        {"": "dB with the peak 255 for levels 0 to 1: 48.13 above the true one", "standard": "dB"},
        signal_to_noise,
    ),
    Metric(
        "MSE",
        False,
        {"": "levels of 0 to 1, mean of two"},
        lambda i, v, f, definition: squared_error(i, v, f),
    ),
    Metric(
        "SCD",
        True,
        {"": "-2 to 2, sum of two"},
        lambda i, v, f, definition: difference_correlation(i, v, f),
    ),
    Metric(
        "VIF",
        True,
        {
            "": "0 to about 2, sum of two",
            "linfeng": "0 to about 2, sum of two (its sheets: another scale)",
            "zoo": "0 to about 2, sum of two, windows off centre",
        },
        _both(visual_information),
    ),
    Metric("QABF", True, {"": "0 to 0.975"}, edge_transfer),
    Metric(
        "SSIM",
        True,
        {
            "linfeng": f"at most 1, mean of two, {_TINY_CONSTANTS}",
            "zoo": "at most 2, sum of two, levels times 255 once more",
            "standard": "at most 1, mean of two",
        },
        _ssim,
    ),
    Metric(
        "MS-SSIM",
        True,
        {
            "linfeng": "at most 1, MEF-SSIM of three scales",
            "zoo": "at most 2, sum of two, levels times 255 once more",
            "standard": "at most 1, mean of two",
        },
        _ms_ssim,
    ),
)
