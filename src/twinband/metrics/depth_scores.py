"""Scores of one depth map as papers print them: AbsRel, RMSE, three shares within a factor.

Source: Eigen et al., 2014; spec/benchmarks.md B and C (NYUv2).
"""

import numpy as np
from numpy.typing import NDArray

from twinband.metrics.depth import abs_rel, delta

LEAST_M = 1e-3  # nearer predictions count as this, as in Eigen's evaluation: shares stay finite


def rmse(truth: NDArray[np.floating], prediction: NDArray[np.floating]) -> float:
    """Compute the root of the mean squared error, in the unit of both; NaN if there are no
    values."""
    return float(np.sqrt(np.mean((prediction - truth) ** 2))) if truth.size else float("nan")


def depth_scores(truth: NDArray[np.floating], prediction: NDArray[np.floating]) -> dict[str, float]:
    """Score the pixels of one image whose true distance is known.

    Args:
        truth: metres, any shape; 0 and NaN are unknown.
        prediction: metres, in the same shape; below ``LEAST_M`` it counts as that.

    Returns:
        ``abs_rel`` (0 is best), ``rmse`` (metres), ``delta1``, ``delta2``, ``delta3`` (within
        1.25, 1.25², 1.25³: shares, 1 is best); NaN without a known pixel.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth {truth.shape} and prediction {prediction.shape} differ in shape")
    known = np.isfinite(truth) & (truth > 0)
    true = truth[known].astype(np.float64)
    found = np.maximum(prediction[known].astype(np.float64), LEAST_M)
    return {
        "abs_rel": abs_rel(true, found),
        "rmse": rmse(true, found),
        **{f"delta{power}": delta(true, found, power) for power in (1, 2, 3)},
    }
