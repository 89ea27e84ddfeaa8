"""Depth scores: mean absolute relative error and share within a factor (Eigen et al., 2014)."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
FACTOR = 1.25


def abs_rel(truth: Values, prediction: Values) -> float:
    """Compute the mean of ``|prediction - truth| / truth``; NaN if there are no values.

    Args:
        truth: distances above 0, any shape.
        prediction: the same, in the same shape.
    """
    return float(np.mean(np.abs(prediction - truth) / truth)) if truth.size else float("nan")


def delta(truth: Values, prediction: Values, power: int = 1) -> float:
    """Compute the share of predictions off by a factor below ``1.25 ** power``, either way; NaN if
    there are no values."""
    if not truth.size:
        return float("nan")
    return float(np.mean(np.maximum(prediction / truth, truth / prediction) < FACTOR**power))


def aligned(prediction: Values, truth: Values) -> Values:
    """Fit ``a * prediction + b`` to ``truth`` by least squares (Ranftl et al., 2020).

    Both are distances, or both inverse depths. A constant prediction becomes the mean of the truth.
    """
    if not truth.size:
        return prediction
    deviation = prediction - prediction.mean()
    spread = float((deviation**2).sum())
    slope = float((deviation * (truth - truth.mean())).sum()) / spread if spread else 0.0
    return np.asarray(truth.mean() + slope * deviation)
