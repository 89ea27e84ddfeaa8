"""Depth scores: mean absolute relative error and share within a factor (Eigen et al., 2014)."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
FACTOR = 1.25


def abs_rel(truth: Values, found: Values) -> float:
    """Mean of ``|found - truth| / truth``; NaN if there is nothing to compare.

    Args:
        truth: distances above 0, any shape.
        found: the same, in the same shape.
    """
    return float(np.mean(np.abs(found - truth) / truth)) if truth.size else float("nan")


def delta(truth: Values, found: Values, power: int = 1) -> float:
    """Share of ``found`` that is off by a factor below ``1.25 ** power``, either way; NaN if there
    is nothing to compare."""
    if not truth.size:
        return float("nan")
    return float(np.mean(np.maximum(found / truth, truth / found) < FACTOR**power))


def aligned(found: Values, truth: Values) -> Values:
    """``a * found + b`` nearest to ``truth`` by least squares, both of one kind (Ranftl et al.,
    2020); a constant ``found`` becomes the mean of ``truth``."""
    if not truth.size:
        return found
    deviation = found - found.mean()
    spread = float((deviation**2).sum())
    slope = float((deviation * (truth - truth.mean())).sum()) / spread if spread else 0.0
    return np.asarray(truth.mean() + slope * deviation)
