"""An exact histogram of log10 in constant memory, the same whatever the order of its values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_BINS = 1 << 24
CHUNK = 1 << 16  # values at a time: temporary arrays stay in cache


class Histogram:
    """Counts of log10 of positive values in ``bins`` equal bins from ``low`` to ``high``.

    Adding and merging count exactly, so any order and any division into parts give equal bytes.

    Args:
        low: log10 of the least value that falls into a bin.
        high: log10 of the first value beyond.
        bins: how many.

    Attributes:
        counts: ``[bins]`` int64.
        below: values under ``low``, zeros among them.
        above: values from ``high`` on.
        non_finite: values that have no logarithm: NaN, infinite or negative.

    Raises:
        ValueError: no room between ``low`` and ``high``, or no bins.
    """

    def __init__(self, low: float = -8.0, high: float = 16.0, bins: int = 4096) -> None:
        if not (np.isfinite(low) and np.isfinite(high) and low < high and bins > 0):
            raise ValueError(f"a histogram needs low < high and bins > 0: {low}, {high}, {bins}")
        self.low = float(low)
        self.high = float(high)
        self.counts = np.zeros(bins, np.int64)
        self.below = self.above = self.non_finite = 0

    @property
    def bins(self) -> int:
        return len(self.counts)

    @property
    def width(self) -> float:
        """Width of a bin, in log10."""
        return (self.high - self.low) / self.bins

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middles ``[bins]`` of the bins, in log10."""
        return np.asarray(self.low + (np.arange(self.bins) + 0.5) * self.width, np.float64)

    @property
    def total(self) -> int:
        """Values counted, those without a logarithm left out."""
        return int(self.counts.sum()) + self.below + self.above

    def add(self, values: ArrayLike, times: ArrayLike | None = None) -> None:
        """Count ``values`` (not their logarithms), of any shape.

        Args:
            times: whole numbers of the same shape, how often each value counts; once by itself.

        Raises:
            ValueError: ``times`` of another shape, or no whole numbers from 0 on.
        """
        flat = np.asarray(values).reshape(-1)
        often = None if times is None else _times(times, np.shape(values))
        scale = self.bins / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            for start in range(0, flat.size, CHUNK):
                logs = np.log10(flat[start : start + CHUNK], dtype=np.float64)
                weights = None if often is None else often[start : start + CHUNK]
                broken = np.isnan(logs) | (logs == np.inf)
                if broken.any():
                    self.non_finite += int((broken if weights is None else weights[broken]).sum())
                    logs = logs[~broken]
                    weights = None if weights is None else weights[~broken]
                logs -= self.low
                logs *= scale
                # One bin more at either side holds what is outside.
                places = np.floor(np.clip(logs, -1, self.bins)).astype(np.int64) + 1
                # Sums of whole numbers in float64 are exact up to 2**53.
                counts = np.bincount(places, weights, self.bins + 2).astype(np.int64, copy=False)
                self.below += int(counts[0])
                self.above += int(counts[-1])
                self.counts += counts[1:-1]

    def merge(self, other: "Histogram") -> None:
        """Add what ``other`` counted.

        Raises:
            ValueError: other bins.
        """
        if (self.low, self.high, self.bins) != (other.low, other.high, other.bins):
            raise ValueError(
                f"histograms with different bins cannot be merged: {self.bins} of "
                f"{self.low}..{self.high} and {other.bins} of {other.low}..{other.high}"
            )
        self.counts += other.counts
        self.below += other.below
        self.above += other.above
        self.non_finite += other.non_finite

    def __add__(self, other: "Histogram") -> "Histogram":
        result = Histogram(self.low, self.high, self.bins)
        result.merge(self)
        result.merge(other)
        return result

    def quantile(self, share: float) -> float:
        """Find log10 of the value that ``share`` (0..1) of all values do not exceed.

        Linear within a bin; ``low`` or ``high`` where it lies outside.

        Raises:
            ValueError: nothing was counted, or ``share`` is no share.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a quantile's share is from 0 to 1, not {share}")
        if self.total == 0:
            raise ValueError("an empty histogram has no quantiles")
        upto = self.below + np.cumsum(self.counts)
        wanted = share * self.total
        place = int(np.searchsorted(upto, wanted))
        if wanted < self.below or place == self.bins:
            return self.low if wanted < self.below else self.high
        count = int(self.counts[place])
        inside = (wanted - (int(upto[place]) - count)) / count if count else 0.0
        return self.low + (place + inside) * self.width

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers; ``counts`` from the first to the last bin that is not empty."""
        filled = np.flatnonzero(self.counts)
        first, end = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
        return {
            "low": self.low,
            "high": self.high,
            "bins": self.bins,
            "below": self.below,
            "above": self.above,
            "non_finite": self.non_finite,
            "first": first,
            "counts": self.counts[first:end].tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histogram":
        """Restore what ``to_json`` gave.

        Raises:
            ValueError: more bins than anybody has use for, or other things that it never gives.
        """
        if data["bins"] > MOST_BINS:
            raise ValueError(f"{data['bins']} bins; {MOST_BINS} are the most")
        result = cls(data["low"], data["high"], data["bins"])
        first, counts = data["first"], data["counts"]
        result.counts[first : first + len(counts)] = counts
        result.below, result.above = data["below"], data["above"]
        result.non_finite = data["non_finite"]
        return result


def _times(times: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    counts = np.asarray(times)
    natural = np.issubdtype(counts.dtype, np.integer) and (counts >= 0).all()
    if counts.shape != shape or not natural:
        raise ValueError(
            f"times must be whole numbers from 0 on, of the values' shape {shape}: they are "
            f"{counts.dtype} of shape {counts.shape}"
        )
    return counts.reshape(-1).astype(np.int64, copy=False)
