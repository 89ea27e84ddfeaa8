"""95 % intervals, so that people see which differences mean something."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

RESAMPLES = 1000


def wilson(right: NDArray[np.bool_]) -> tuple[float, float]:
    """Wilson's interval of a share of right answers, each 0..1; at least one answer is needed."""
    interval = binomtest(int(right.sum()), right.size).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap(
    counts: NDArray[np.int64], score: Callable[[NDArray[np.int64]], NDArray[np.float64]], seed: int
) -> tuple[float, float]:
    """Percentile interval of a score of added counts, over resampled images.

    Args:
        counts: ``N,…``, of each image.
        score: of ``R,…`` sums over the images drawn, a value for each of the R resamples.
    """
    images = len(counts)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    low, high = np.nanpercentile(score(np.tensordot(drawn, counts, axes=1)), (2.5, 97.5))
    return float(low), float(high)
