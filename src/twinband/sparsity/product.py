"""The folder that ``cmss`` writes for a dataset: its histograms, and a card."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from twinband.errors import InputError
from twinband.shards.manifest import CARD, to_json
from twinband.shards.write import write_atomically
from twinband.sparsity.statistics import Statistics

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
