"""The folder that ``cmss`` writes for a dataset: its histograms, and a card.

What the stage ``cmss`` counts: exact, so that parts of a dataset add up to the whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinband.cmss.histogram import Histogram
from twinband.core.errors import InputError
from twinband.shards.product import CARD, to_json
from twinband.shards.write import write_atomically


@dataclass(frozen=True, slots=True)
class Bins:
    """Of every histogram: log10 from ``low`` to ``high``."""

    low: float
    high: float
    bins: int

    def empty(self) -> Histogram:
        return Histogram(self.low, self.high, self.bins)


@dataclass(slots=True)
class Counts:
    """How many pairs there were, and what was not measured.

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
        before, whole = self.hours.get(hour, (0, self.bins.empty()))
        self.hours[hour] = (before + pairs, whole + patches)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers; equal counts give equal values whatever the order of adding."""
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
        """What ``to_json`` gave."""
        result = cls(Bins(**data["bins"]), Counts(**data["counts"]))
        for name in ("patches", "objects", "background"):
            setattr(result, name, Histogram.from_json(data[name]))
        for hour, found in data["hours"].items():
            result.hours[hour] = (found["pairs"], Histogram.from_json(found["patches"]))
        return result


HISTOGRAMS = "histograms.json"


@dataclass(frozen=True, slots=True)
class Measure:
    """What was measured; only histograms of the same measure may be pooled.

    Attributes:
        variance: as for ``cmss_raw``.
        image_px: side of the images.
        weights_sha256: of the encoder.
    """

    variance: str
    image_px: int
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Product:
    """The histograms of a dataset; ``identity`` changes with any byte of them."""

    identity: str
    measure: Measure
    statistics: Statistics


def write_product(folder: Path, dataset: str, measure: Measure, statistics: Statistics) -> str:
    """Write ``histograms.json`` and the card; returns the product's identity."""
    data = to_json({"dataset": dataset, "measure": asdict(measure), **statistics.to_json()})
    write_atomically(folder / HISTOGRAMS, data)
    write_atomically(folder / CARD, _card(dataset, measure, statistics).encode())
    return _identity(data)


def read_product(folder: Path) -> Product:
    """What ``write_product`` wrote.

    Raises:
        InputError: it is not there, or damaged.
    """
    path = folder / HISTOGRAMS
    try:
        data = path.read_bytes()
        found = json.loads(data)
        measure, statistics = Measure(**found["measure"]), Statistics.from_json(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}): dvc repro") from None
    return Product(_identity(data), measure, statistics)


def _identity(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _card(dataset: str, measure: Measure, statistics: Statistics) -> str:
    counts = statistics.counts
    variance = {
        "product": "the product of both modalities' variances",
        "first_squared": "the squared variance of thermal",
    }[measure.variance]
    lines = [
        "---",
        f"pretty_name: {dataset}, cross-modality structural sparsity",
        "tags: [rgb-thermal, statistics]",
        "---",
        f"# {dataset}: cross-modality structural sparsity (CMSS)",
        "",
        f"Exact histograms over {statistics.patches.total} patches of {counts.pairs} pairs, "
        f"resized to {measure.image_px} px.",
        "",
        "| what | number |",
        "|---|---|",
        f"| pairs without thermal, left out | {counts.thermal_absent} |",
        f"| patches that one image does not cover, left out | {counts.partial_patches} |",
        f"| pairs whose labels show objects | {counts.labelled_pairs} |",
        *(f"| hour: {hour} | {pairs} |" for hour, (pairs, _) in sorted(statistics.hours.items())),
        "",
        "`histograms.json`: log10 of the unnormalised measure (similarity of the two embedded "
        f"patches over {variance}), low where they differ or hold structure, high where they are "
        "alike and smooth. `patches` and `hours` count patches; `objects` and `background` count "
        "pixels of labelled pairs, each with the value of its patch. The encoder's weights have "
        f"the SHA-256 {measure.weights_sha256}.",
        "",
    ]
    return "\n".join(lines)
