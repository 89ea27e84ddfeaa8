"""All fusion metrics of a pair of 640 x 480 pixels on one core, beside their plain forms.

The plain forms count levels in a loop and convolve with whole windows by SciPy. The definition is
``standard``; the numbers are checked to be equal.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from scipy.signal import convolve2d
from threadpoolctl import threadpool_limits

from benches._record import record
from benches.bench_sparsity import least_ms
from twinband.metrics.fusion import fusion_scores

Plane = np.ndarray
SHAPE = (480, 640)


def made_images() -> tuple[Plane, Plane, Plane]:
    """Make two sources and their mean, all with edges and noise."""
    rng = np.random.default_rng(0)
    sources = []
    for sigma in (3, 12):
        smooth = cv2.GaussianBlur(rng.normal(size=SHAPE), (0, 0), sigma)
        levels = 128 + 50 * np.sign(smooth) + rng.normal(0, 8, SHAPE)
        sources.append(np.clip(levels, 0, 255).astype(np.uint8))
    fused = ((sources[0].astype(int) + sources[1]) // 2).astype(np.uint8)
    return sources[0], sources[1], fused


def plain_scores(infrared: Plane, visible: Plane, fused: Plane) -> dict[str, float]:
    """Compute the metrics as their papers write them."""
    levels, sources = fused.astype(float), [infrared.astype(float), visible.astype(float)]
    height, width = fused.shape
    down, across = np.gradient(levels)
    error = sum(float(((source - levels) ** 2).mean()) for source in sources) / 2
    added = [levels - source for source in reversed(sources)]
    return {
        "EN": bits(counted([fused])),
        "SD": float(np.sqrt(((levels - levels.mean()) ** 2).sum() / levels.size)),
        "SF": math.sqrt(
            (np.diff(levels, axis=0) ** 2).mean() + (np.diff(levels, axis=1) ** 2).mean()
        ),
        "AG": float(np.sqrt((down**2 + across**2) / 2).sum() / (height * width)),
        "MI": sum(
            bits(counted([x])) + bits(counted([fused])) - bits(counted([x, fused]))
            for x in (infrared, visible)
        ),
        "CC": sum(pearson(source, levels) for source in sources) / 2,
        "PSNR": 10 * math.log10(255**2 / error),
        "MSE": error / 255**2,
        "SCD": sum(pearson(x, source) for x, source in zip(added, sources, strict=True)),
        "VIF": sum(visual_information(source, levels) for source in sources),
        "QABF": edge_transfer(sources, levels),
        "SSIM": sum(float(ssim_map(x, levels)[0].mean()) for x in sources) / 2,
        "MS-SSIM": sum(multiscale(source, levels) for source in sources) / 2,
    }


def counted(images: Sequence[Plane]) -> list[float]:
    """Count the levels, or pairs of levels, one pixel after another."""
    counts = np.zeros([256] * len(images))
    for place in zip(*(image.ravel() for image in images), strict=True):
        counts[place] += 1
    return [count / images[0].size for count in counts.ravel() if count]


def bits(shares: Sequence[float]) -> float:
    """Compute an entropy."""
    return -sum(share * math.log2(share) for share in shares)


def pearson(one: Plane, other: Plane) -> float:
    """Compute a correlation."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def gaussian(size: int, sigma: float) -> Plane:
    """Make a square window."""
    y, x = np.mgrid[:size, :size] - size // 2
    window = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return np.asarray(window / window.sum())


def visual_information(true: Plane, found: Plane) -> float:
    """Compute VIF in the pixel domain."""
    shared = total = 0.0
    for size in (17, 9, 5, 3):
        window = gaussian(size, size / 5)

        def smooth(plane: Plane, window: Plane = window) -> Plane:
            return np.asarray(convolve2d(plane, window, "valid"))

        if size < 17:
            true, found = smooth(true)[::2, ::2], smooth(found)[::2, ::2]
        mean_true, mean_found = smooth(true), smooth(found)
        var_true = np.maximum(smooth(true * true) - mean_true**2, 0)
        var_found = np.maximum(smooth(found * found) - mean_found**2, 0)
        gain = (smooth(true * found) - mean_true * mean_found) / (var_true + 1e-10)
        rest = var_found - gain * (smooth(true * found) - mean_true * mean_found)
        gain, rest = np.where(gain < 0, 0, gain), np.where(gain < 0, var_found, rest)
        rest = np.maximum(rest, 1e-10)
        shared += float(np.log10(1 + gain**2 * var_true / (rest + 2)).sum())
        total += float(np.log10(1 + var_true / 2).sum())
    return shared / total


def edge_transfer(sources: Sequence[Plane], fused: Plane) -> float:
    """Compute Qabf."""
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    edges = [
        (convolve2d(plane, across, "same"), convolve2d(plane, across.T, "same"))
        for plane in (*sources, fused)
    ]
    strengths = [np.hypot(x, y) for x, y in edges]
    with np.errstate(all="ignore"):
        angles = [np.where(x == 0, np.pi / 2, np.arctan(-y / x)) for x, y in edges]
        kept = 0.0
        for strength, angle in zip(strengths[:2], angles[:2], strict=True):
            ratio = np.minimum(strength / strengths[2], strengths[2] / strength)
            ratio = np.where(strength == strengths[2], 1, ratio)
            turn = 1 - np.abs(angle - angles[2]) / (np.pi / 2)
            quality = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5)))
            quality = quality * 0.9879 / (1 + np.exp(-22 * (turn - 0.8)))
            kept += float((quality * strength).sum())
    return kept / float(strengths[0].sum() + strengths[1].sum())


def ssim_map(one: Plane, other: Plane) -> tuple[Plane, Plane]:
    """Compute SSIM's map and the part of it without light."""
    window = gaussian(11, 1.5)
    means = [convolve2d(plane, window, "valid") for plane in (one, other)]
    products = [convolve2d(plane, window, "valid") for plane in (one**2, other**2, one * other)]
    variances = products[0] - means[0] ** 2 + products[1] - means[1] ** 2
    covariance = products[2] - means[0] * means[1]
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    structure = (2 * covariance + second) / (variances + second)
    light = (2 * means[0] * means[1] + first) / (means[0] ** 2 + means[1] ** 2 + first)
    return structure * light, structure


def multiscale(one: Plane, other: Plane) -> float:
    """Compute MS-SSIM of five scales; the sides of the bench's images halve without a rest."""
    result = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        result *= max(float(ssim_map(one, other)[scale < 4].mean()), 0) ** weight
        one, other = (
            convolve2d(plane, np.full((2, 2), 0.25), "valid")[::2, ::2] for plane in (one, other)
        )
    return result


def main() -> None:
    """Measure and record."""
    cv2.setNumThreads(1)
    images = made_images()
    with threadpool_limits(1):
        ours, plain = fusion_scores(*images, "standard"), plain_scores(*images)
        for name, value in plain.items():
            if not math.isclose(ours[name], value, rel_tol=1e-6):
                raise SystemExit(f"{name} differs: {ours[name]} and {value}")
        plain_ms, *ours_ms = least_ms(
            lambda: plain_scores(*images),
            *(
                lambda definition=name: fusion_scores(*images, definition)
                for name in ("standard", "linfeng", "zoo")
            ),
            rounds=3,
            in_a_row=1,
        )
    figures: dict[str, float | int | str] = {
        "metrics": len(ours),
        "pixels": math.prod(SHAPE),
        "threads": 1,
        "plain_s": round(plain_ms / 1000, 3),
    }
    for name, taken in zip(("standard", "linfeng", "zoo"), ours_ms, strict=True):
        figures[f"{name}_s"] = round(taken / 1000, 3)
    record("score_fusion", {**figures, "times_as_fast": round(plain_ms / ours_ms[0], 1)})


if __name__ == "__main__":
    main()
