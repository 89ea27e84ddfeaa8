"""Mixtures of Gaussians in one dimension, of values or of a histogram; no randomness anywhere.

A histogram is fitted at the middles of its bins, in log10. That adds ``width**2 / 12`` to the
variance of a component; no component is let narrower than a bin, and one of three bins' width
loses less than 1e-4 nats a value by it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twinband.cmss.histogram import Histogram

Array = NDArray[np.float64]

MOST_ITERATIONS = 2000
TOLERANCE = 1e-7  # nats a value and iteration
LEAST_WEIGHT = 1e-6  # a component with less is put elsewhere
LEAST_VARIANCE = 1e-6  # of that of the data


@dataclass(frozen=True, slots=True)
class Points:
    """Data to be fitted: places in increasing order, how often each occurs, the least variance."""

    places: Array
    counts: Array
    least_variance: float

    @classmethod
    def of(cls, source: "ArrayLike | Histogram") -> "Points":
        """Take the non-empty bins of a histogram (what is outside is left out), or finite values.

        Raises:
            ValueError: nothing is left.
        """
        if isinstance(source, Histogram):
            filled = np.flatnonzero(source.counts)
            places = source.centres[filled]
            counts = source.counts[filled].astype(np.float64)
            least = source.width**2
        else:
            values = np.asarray(source, np.float64).reshape(-1)
            places = np.sort(values[np.isfinite(values)])
            counts = np.ones(places.size)
            least = 0.0
        if places.size == 0:
            raise ValueError("a mixture needs at least one finite value, and there is none")
        mean = (places * counts).sum() / counts.sum()
        spread = float((np.square(places - mean) * counts).sum() / counts.sum())
        return cls(places, counts, max(least, LEAST_VARIANCE * spread, 1e-12))

    @property
    def total(self) -> float:
        return float(self.counts.sum())

    def variance(self) -> float:
        mean = (self.places * self.counts).sum() / self.total
        return float((np.square(self.places - mean) * self.counts).sum() / self.total)

    def quantiles(self, shares: Array) -> Array:
        """Find the places that these shares of all values do not exceed."""
        upto = np.cumsum(self.counts)
        return self.places[np.searchsorted(upto, shares * upto[-1]).clip(0, upto.size - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture1d:
    """Gaussians, in increasing order of their means.

    Attributes:
        weights: ``[K]``, sum 1.
        means: ``[K]``, in the units of what was fitted (log10 for a histogram).
        variances: ``[K]``.
        count: values fitted.
        mean_log_likelihood: nats a value of what was fitted.
    """

    weights: Array
    means: Array
    variances: Array
    count: int
    mean_log_likelihood: float

    @classmethod
    def fit(cls, source: ArrayLike | Histogram, components: int = 3) -> "Mixture1d":
        """Fit by expectation-maximisation, started at quantiles of the data.

        Raises:
            ValueError: no component, or no finite value.
        """
        if components < 1:
            raise ValueError(f"a mixture has at least 1 component, not {components}")
        return _fitted(Points.of(source), components)

    @property
    def components(self) -> int:
        return len(self.weights)

    @property
    def bic(self) -> float:
        """Bayesian information criterion: the lower the better."""
        return self._parameters * math.log(self.count) - 2 * self.count * self.mean_log_likelihood

    @property
    def _parameters(self) -> int:
        return 3 * self.components - 1

    def log_likelihood(self, source: ArrayLike | Histogram) -> float:
        """Compute the mean log-likelihood, in nats a value.

        Raises:
            ValueError: no finite value.
        """
        points = Points.of(source)
        return float((_log_joint(self, points.places)[1] * points.counts).sum() / points.total)

    def responsibilities(self, values: ArrayLike) -> Array:
        """Compute the share ``[..., K]`` of every component in values of any shape; rows sum to
        1."""
        shares, _ = _log_joint(self, np.asarray(values, np.float64))
        return np.moveaxis(shares, 0, -1)

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers, exact."""
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "variances": self.variances.tolist(),
            "count": self.count,
            "mean_log_likelihood": self.mean_log_likelihood,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Mixture1d":
        """Restore what ``to_json`` gave."""
        weights, means, variances = (
            np.array(data[name], np.float64) for name in ("weights", "means", "variances")
        )
        return cls(weights, means, variances, data["count"], data["mean_log_likelihood"])


def best_components(source: ArrayLike | Histogram, most: int = 6) -> Mixture1d:
    """Fit the mixture of 1 to ``most`` components with the lowest BIC.

    Raises:
        ValueError: as ``Mixture1d.fit``.
    """
    if most < 1:
        raise ValueError(f"a mixture has at least 1 component, not {most}")
    points = Points.of(source)
    return min((_fitted(points, count) for count in range(1, most + 1)), key=lambda m: m.bic)


def _log_joint(mixture: Mixture1d, places: Array) -> tuple[Array, Array]:
    """Compute ``[K,…]`` responsibilities and ``[…]`` log densities, by log-sum-exp."""
    shape = (-1,) + (1,) * places.ndim
    means, variances = mixture.means.reshape(shape), mixture.variances.reshape(shape)
    offset = np.log(mixture.weights) - 0.5 * np.log(2 * np.pi * mixture.variances)
    joint = offset.reshape(shape) - 0.5 * np.square(places - means) / variances
    top = joint.max(0)
    shares = np.exp(joint - top)
    norm = shares.sum(0)
    return shares / norm, top + np.log(norm)


def _fitted(points: Points, components: int) -> Mixture1d:
    """Iterate until an iteration gains less than ``TOLERANCE``."""
    middles = (np.arange(components) + 0.5) / components
    narrow = max(points.variance() / components**2, points.least_variance)
    count = round(points.total)
    mixture = Mixture1d(
        np.full(components, 1 / components),
        points.quantiles(middles),
        np.full(components, narrow),
        count,
        -math.inf,
    )
    before = -math.inf
    for iteration in range(MOST_ITERATIONS):
        shares, densities = _log_joint(mixture, points.places)
        now = float((densities * points.counts).sum() / points.total)
        weighed = shares * points.counts
        mass = weighed.sum(1)
        empty = mass < LEAST_WEIGHT * points.total
        # Half of the iterations at most may move components, so that the rest converge.
        moved = bool(empty.any()) and iteration < MOST_ITERATIONS // 2
        if abs(now - before) < TOLERANCE and not moved:
            break
        before = now
        safe = np.maximum(mass, LEAST_WEIGHT * points.total)
        means = np.where(empty, mixture.means, (weighed * points.places).sum(1) / safe)
        squares = (weighed * np.square(points.places - means[:, None])).sum(1) / safe
        variances = np.where(empty, mixture.variances, squares)
        if moved:
            means = np.where(empty, points.quantiles(middles), means)
            variances = np.where(empty, narrow, variances)
            safe = np.where(empty, points.total / components, safe)
        mixture = Mixture1d(
            safe / safe.sum(), means, np.maximum(variances, points.least_variance), count, now
        )
    order = np.argsort(mixture.means, kind="stable")
    _, densities = _log_joint(mixture, points.places)
    reached = float((densities * points.counts).sum() / points.total)
    return Mixture1d(
        mixture.weights[order], mixture.means[order], mixture.variances[order], count, reached
    )
