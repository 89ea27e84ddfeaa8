"""Exact histograms of the measure over a dataset, which add up from parts, and their file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinband.cmss.histogram import Histogram
from twinband.core.errors import MALFORMED, InputError
from twinband.shards.product import to_json
from twinband.shards.sums import write_sums
from twinband.shards.write import write_atomically


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins of a histogram, in log10 from ``low`` to ``high``."""

    low: float
    high: float
    bins: int

    def empty(self) -> Histogram:
        return Histogram(self.low, self.high, self.bins)


@dataclass(slots=True)
class Counts:
    """Numbers of pairs, and of what was not measured.

    Attributes:
        pairs: measured.
        thermal_absent: pairs left out, for they count as having no thermal image.
        labelled_pairs: of those measured, pairs with labels that say where objects are.
        partial_patches: patches left out of measured pairs, for one of the images does not
            cover them.
    """

    pairs: int = 0
    thermal_absent: int = 0
    labelled_pairs: int = 0
    partial_patches: int = 0


@dataclass(slots=True)
class Statistics:
    """Histograms of the unnormalised measure.

    Attributes:
        bins: of all histograms.
        counts: what was measured.
        patches: one value a patch.
        hours: pairs, and their patches, by hour of the day.
        objects: one value a pixel that is labelled an object.
        background: one value a pixel of labelled pairs that is none.
    """

    bins: Bins
    counts: Counts = field(default_factory=Counts)
    patches: Histogram = field(init=False)
    hours: dict[str, tuple[int, Histogram]] = field(default_factory=dict)
    objects: Histogram = field(init=False)
    background: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self.patches, self.objects, self.background = (self.bins.empty() for _ in range(3))

    def merge(self, other: "Statistics") -> None:
        """Add what ``other`` counted.

        Raises:
            ValueError: other bins.
        """
        mine, others = asdict(self.counts), asdict(other.counts)
        self.counts = Counts(**{name: mine[name] + others[name] for name in mine})
        self.patches.merge(other.patches)
        self.objects.merge(other.objects)
        self.background.merge(other.background)
        for hour, (pairs, patches) in other.hours.items():
            self.add_hour(hour, pairs, patches)

    def add_hour(self, hour: str, pairs: int, patches: Histogram) -> None:
        """Add pairs of one hour of the day."""
        pairs_before, patches_before = self.hours.get(hour, (0, self.bins.empty()))
        self.hours[hour] = (pairs_before + pairs, patches_before + patches)

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers; equal counts give equal values whatever the order of adding."""
        return {
            "bins": asdict(self.bins),
            "counts": asdict(self.counts),
            "patches": self.patches.to_json(),
            "hours": {
                hour: {"pairs": pairs, "patches": patches.to_json()}
                for hour, (pairs, patches) in sorted(self.hours.items())
            },
            "objects": self.objects.to_json(),
            "background": self.background.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Statistics":
        """Restore what ``to_json`` gave."""
        result = cls(Bins(**data["bins"]), Counts(**data["counts"]))
        for name in ("patches", "objects", "background"):
            setattr(result, name, Histogram.from_json(data[name]))
        for hour, counted in data["hours"].items():
            result.hours[hour] = (counted["pairs"], Histogram.from_json(counted["patches"]))
        return result


HISTOGRAMS = "histograms.json"


@dataclass(frozen=True, slots=True)
class Measure:
    """Definition of the measure; only histograms of the same measure may be pooled.

    Attributes:
        variance: as for ``cmss_raw``.
        image_px: side of the images.
        weights_sha256: of the encoder.
    """

    variance: str
    image_px: int
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Histograms:
    """The histograms of a dataset; ``identity`` changes with any byte of them."""

    identity: str
    measure: Measure
    statistics: Statistics


def write_histograms(folder: Path, dataset: str, measure: Measure, statistics: Statistics) -> str:
    """Write ``histograms.json`` and its SHA-256; returns the product's identity."""
    data = to_json({"dataset": dataset, "measure": asdict(measure), **statistics.to_json()})
    write_atomically(folder / HISTOGRAMS, data)
    write_sums(folder / HISTOGRAMS)
    return _identity(data)


def read_histograms(folder: Path) -> Histograms:
    """Read what ``write_histograms`` wrote.

    Raises:
        InputError: it is not there, or damaged.
    """
    path = folder / HISTOGRAMS
    try:
        data = path.read_bytes()
        parsed = json.loads(data)
        measure, statistics = Measure(**parsed["measure"]), Statistics.from_json(parsed)
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{path} cannot be read ({error!r}): dvc repro") from None
    return Histograms(_identity(data), measure, statistics)


def _identity(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
