"""Two mixtures and a normaliser, fitted to a histogram of the measure; the facts of both."""

from dataclasses import dataclass
from typing import Any

from twinband.cmss.facts import (
    CmssFacts,
    HourFacts,
    MixtureFacts,
    NormaliserFacts,
    PixelFacts,
    Quantiles,
)
from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import Mixture1d, best_components
from twinband.cmss.statistics import Statistics

QUANTILES = {"p01": 0.01, "p05": 0.05, "median": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Fitted:
    """Two mixtures and a normaliser, in log10 of the unnormalised measure.

    Attributes:
        fixed: mixture of a given number of components, by which datasets are compared.
        best: mixture of as many as the Bayesian information criterion chooses.
        quantile: quantile of the values that becomes 1.
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


def shares(mixture: Mixture1d, histogram: Histogram) -> list[float]:
    """Compute the share of the values in a histogram's bins in each component; sums to 1.

    Raises:
        ValueError: there is no value in a bin.
    """
    if not histogram.counts.any():
        raise ValueError("shares of an empty histogram")
    sums = histogram.counts @ mixture.responsibilities(histogram.centres)
    return [float(share) for share in sums / histogram.counts.sum()]


def facts_of(statistics: Statistics, fitted: Fitted, product: str) -> CmssFacts:
    """Describe a dataset's counts and distribution.

    Args:
        product: identity of the product.
    """
    counts = statistics.counts
    return CmssFacts(
        pairs=counts.pairs,
        thermal_absent=counts.thermal_absent,
        labelled_pairs=counts.labelled_pairs,
        partial_patches=counts.partial_patches,
        **distribution_facts(statistics.patches, fitted),
        hours={
            hour: HourFacts(pairs=pairs, median=patches.quantile(0.5))
            for hour, (pairs, patches) in sorted(statistics.hours.items())
            if patches.total
        },
        objects=_pixel_facts(statistics.objects, fitted),
        background=_pixel_facts(statistics.background, fitted),
        product=product,
    )


def distribution_facts(patches: Histogram, fitted: Fitted) -> dict[str, Any]:
    """Describe a histogram and what was fitted to it: the fields of ``DistributionFacts``."""
    quantiles = {name: patches.quantile(share) for name, share in QUANTILES.items()}
    return {
        "patches": patches.total,
        "below": patches.below,
        "above": patches.above,
        "non_finite": patches.non_finite,
        "log10": Quantiles(**quantiles),
        "normaliser": NormaliserFacts(quantile=fitted.quantile, log10=fitted.normaliser),
        "mixture": _mixture_facts(fitted.fixed),
        "mixture_by_bic": _mixture_facts(fitted.best),
    }


def _mixture_facts(mixture: Mixture1d) -> MixtureFacts:
    return MixtureFacts(
        components=mixture.components,
        weights=mixture.weights.tolist(),
        means=mixture.means.tolist(),
        variances=mixture.variances.tolist(),
        mean_log_likelihood=mixture.mean_log_likelihood,
    )


def _pixel_facts(pixels: Histogram, fitted: Fitted) -> PixelFacts | None:
    if not pixels.counts.any():
        return None
    return PixelFacts(
        pixels=pixels.total, median=pixels.quantile(0.5), shares=shares(fitted.fixed, pixels)
    )
