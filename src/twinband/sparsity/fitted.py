"""What is fitted to a histogram of the measure: two mixtures, and a normaliser."""

from dataclasses import dataclass
from typing import Any

from twinband.sparsity.histogram import Histogram
from twinband.sparsity.mixture import Mixture1d, best_components

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Fitted:
    """All in log10 of the unnormalised measure.

    Attributes:
        fixed: mixture of a given number of components, by which datasets are compared.
        best: mixture of as many as the Bayesian information criterion chooses.
        quantile: the share of all values that ``normaliser`` is not exceeded by.
        normaliser: the value that becomes 1.
    """

    fixed: Mixture1d
    best: Mixture1d
    quantile: float
    normaliser: float

    @classmethod
    def to(
        cls, histogram: Histogram, *, components: int, most_components: int, quantile: float
    ) -> "Fitted":
        """Fit to a histogram with at least one value in its bins."""
        return cls(
            Mixture1d.fit(histogram, components),
            best_components(histogram, most_components),
            quantile,
            histogram.quantile(quantile),
        )


def mixture_facts(mixture: Mixture1d) -> dict[str, Any]:
    """A mixture for metrics/: rounded, in increasing order of the means."""
    return {
        "components": mixture.components,
        "weights": rounded(mixture.weights),
        "means": rounded(mixture.means),
        "variances": rounded(mixture.variances),
        "mean_log_likelihood": round(mixture.mean_log_likelihood, DIGITS),
    }


def shares(mixture: Mixture1d, histogram: Histogram) -> list[float]:
    """Which share of the values in a histogram's bins falls in each component; sums to 1.

    Raises:
        ValueError: there is no value in a bin.
    """
    if not histogram.counts.any():
        raise ValueError("shares of an empty histogram")
    found = histogram.counts @ mixture.responsibilities(histogram.centres)
    return rounded(found / histogram.counts.sum())


def rounded(values: Any) -> list[float]:
    """Numbers for metrics/."""
    return [round(float(value), DIGITS) for value in values]
