"""Bootstrap intervals of a score, and of the difference of two predictions on the same images.

Images (or sequences) are drawn with replacement. For a difference both predictions are scored on
the same draw, so that what is hard for both cancels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95
Weights = NDArray[np.int64]  # times that each image is drawn
Statistic = Callable[[Weights], float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A score of all images, and the ends of its interval of ``LEVEL``."""

    value: float
    low: float
    high: float

    @property
    def beyond_zero(self) -> bool:
        """Tell whether the interval leaves out 0, so that a difference is no chance."""
        return self.low > 0 or self.high < 0


def interval(statistic: Statistic, units: int, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Compute the percentile interval of a score.

    Args:
        statistic: gives the score of images by how often each counts (``units``); draws for which
            it is NaN are left out.
        units: number of images.
        seed: of the draws.
        resamples: number of draws.
    """
    rng = np.random.default_rng(seed)
    share = np.full(units, 1 / units)
    drawn = np.array([statistic(rng.multinomial(units, share)) for _ in range(resamples)])
    known = drawn[np.isfinite(drawn)]
    ends = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = np.quantile(known, ends) if known.size else (np.nan, np.nan)
    return Interval(statistic(np.ones(units, np.int64)), float(low), float(high))


def paired_interval(
    first: Statistic, second: Statistic, units: int, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Compute the interval of ``first - second``, both scored on the same draws of images."""
    return interval(lambda weights: first(weights) - second(weights), units, seed, resamples)
