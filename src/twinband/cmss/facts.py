"""What ``cmss`` found in a dataset, for metrics/ and for people."""

from collections.abc import Mapping
from typing import Any

from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import DIGITS, Fitted, mixture_facts, shares
from twinband.cmss.statistics import Statistics

QUANTILES = {"p01": 0.01, "p05": 0.05, "median": 0.5, "p95": 0.95, "p99": 0.99}


def facts_of(statistics: Statistics, fitted: Fitted) -> dict[str, Any]:
    """Counts, and the distribution in log10 of the unnormalised measure.

    ``objects`` is left out where no label says where objects are.
    """
    found = {
        "pairs": statistics.counts.pairs,
        "thermal_absent": statistics.counts.thermal_absent,
        "partial_patches": statistics.counts.partial_patches,
        **histogram_facts(statistics.patches),
        "normaliser": {
            "quantile": fitted.quantile,
            "log10": round(fitted.normaliser, DIGITS),
        },
        "mixture": mixture_facts(fitted.fixed),
        "mixture_by_bic": mixture_facts(fitted.best),
        "hours": {
            hour: {"pairs": pairs, "median": _quantile(patches, 0.5)}
            for hour, (pairs, patches) in sorted(statistics.hours.items())
            if patches.total
        },
    }
    objects, background = statistics.objects, statistics.background
    if objects.counts.any():
        found["objects"] = {
            "pairs": statistics.counts.labelled_pairs,
            "pixels": objects.total,
            "median": _quantile(objects, 0.5),
            "shares": shares(fitted.fixed, objects),
        }
    if background.counts.any():
        found["background"] = {
            "pixels": background.total,
            "median": _quantile(background, 0.5),
            "shares": shares(fitted.fixed, background),
        }
    return found


def headline(facts: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that a dataset's measure is compared by."""
    numbers = {
        "pairs": facts["pairs"],
        "median_log10": facts["log10"]["median"],
        "normaliser_log10": facts["normaliser"]["log10"],
        "components_by_bic": facts["mixture_by_bic"]["components"],
        "objects_median_log10": facts.get("objects", {}).get("median"),
        "background_median_log10": facts.get("background", {}).get("median"),
    }
    return {name: number for name, number in numbers.items() if number is not None}


def histogram_facts(patches: Histogram) -> dict[str, Any]:
    """How many values there are and how they are distributed."""
    return {
        "values": patches.total,
        "below": patches.below,
        "above": patches.above,
        "non_finite": patches.non_finite,
        "log10": {name: _quantile(patches, share) for name, share in QUANTILES.items()},
    }


def _quantile(histogram: Histogram, share: float) -> float:
    return round(histogram.quantile(share), DIGITS)
