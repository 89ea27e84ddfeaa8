"""Small products of pairs that stand apart by a known amount, and registering them."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.made.products import write_samples
from tests.made.raw_pairs import RUNTIME, run_in
from tests.made.scenes import scene
from twinband.core.images import encode_png
from twinband.core.params import Runtime
from twinband.registration.build import register
from twinband.registration.params import RegisterParams
from twinband.registration.trust import ENTRIES
from twinband.shards.product import Built
from twinband.shards.read import open_products

WIDTH, HEIGHT = 160, 120
PAIR_COLUMNS = [
    pa.field("name", pa.string()),
    pa.field("group", pa.string()),
    pa.field("frame", pa.int64()),
    pa.field("thermal_path", pa.string()),
]
SETTINGS: dict[str, Any] = {
    "homographies": "data/homographies/none.csv",
    "aligned": False,
    "rig": "pair",
    "backend": "search",
    "options": {},
    "grid": "rgb",
    "labels_on": "rgb",
    "on_failure": "keep_identity",
    "shift_tolerance_working_px": 4.0,
    "truth": "data/homographies/none.csv",
    "thermal_levels": {},
    "pooled_pairs": 2,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A pair to be written: pixels, label images and JSON labels by name, sequence and frame; of
    thermal what its JSON says, or None for a pair without it."""

    rgb: NDArray[Any]
    thermal: NDArray[Any]
    images: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    frame: int | None = None
    described: Mapping[str, Any] | None = field(default_factory=dict)

    def fields(self, name: str) -> dict[str, bytes]:
        """Make the members in the product ``pairs``."""
        thermal = {} if self.described is None else {"thermal": self.thermal}
        pixels = {"rgb": self.rgb, **thermal, **self.images}
        described = None if self.described is None else dict(self.described)
        stored = {"name": name, "thermal": described, "labels": dict(self.labels)}
        metadata = json.dumps(stored, sort_keys=True)
        members = {f"{field}.png": encode_png(image) for field, image in pixels.items()}
        return {**members, "json": metadata.encode()}


def name_of(key: str) -> str:
    """Name the pair with this key; never the key itself."""
    return f"raw/{key}"


def write_pairs(folder: Path, *shards: Mapping[str, Made | None]) -> Path:
    """Write the product ``pairs`` by shard and key; None is a pair that could not be used."""
    write_samples(
        folder,
        PAIR_COLUMNS,
        [{key: _sample(key, made) for key, made in pairs.items()} for pairs in shards],
    )
    return folder


def thermal_path(key: str) -> str:
    """Name the raw file of a pair's thermal image."""
    return f"thermal/{key}.png"


def _sample(key: str, made: Made | None) -> tuple[dict[str, bytes] | None, dict[str, Any]]:
    if made is None:
        return None, {"status": "quarantined", "reason": "truncated", "detail": ""}
    row = {"name": name_of(key), "group": made.group or key, "frame": made.frame}
    row["thermal_path"] = "" if made.described is None else thermal_path(key)
    return made.fields(name_of(key)), row


def homographies(matrices: Mapping[str, NDArray[Any]]) -> str:
    """Write the text of a CSV of transforms by name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", *ENTRIES])
    for name, matrix in matrices.items():
        writer.writerow([name, *(repr(float(value)) for value in matrix.ravel())])
    return text.getvalue()


def register_pairs(
    base: Path,
    *,
    supplied: Mapping[str, NDArray[Any]] | None = None,
    truth: Mapping[str, NDArray[Any]] | None = None,
    runtime: Runtime = RUNTIME,
    progress: Callable[[int, int], None] = lambda done, total: None,
    **settings: Any,
) -> Built:
    """Register ``base/pairs`` into ``base/registered``, with the work folder ``base/work``."""
    tables = {"supplied": supplied or {}, "truth": truth or {}}
    for name, matrices in tables.items():
        (base / f"{name}.csv").write_text(homographies(matrices))
    return register(
        RegisterParams(**{**SETTINGS, **settings}),
        base / "pairs",
        base / "supplied.csv",
        base / "truth.csv",
        base / "registered",
        run_in(base / "work", runtime, progress),
    )


def rows_by_key(built: Built) -> dict[str, dict[str, Any]]:
    """Read the manifest's rows by key."""
    return {row["key"]: row for row in built.manifest.to_pylist()}


def shift(x: float, y: float) -> NDArray[np.float64]:
    """Make the matrix of a mere shift."""
    return np.array([(1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0)])


def pair(seed: int, **more: Any) -> Made:
    """Make an aligned pair."""
    return Made(*scene(seed, WIDTH, HEIGHT), **more)


def unshifted(thermal: NDArray[Any], x: int, y: int) -> NDArray[Any]:
    """Move ``thermal`` so that ``shift(x, y)`` brings it back."""
    return np.roll(thermal, (-y, -x), (0, 1))


def apart(seed: int, x: int, y: int, **more: Any) -> Made:
    """Make a pair whose thermal image ``shift(x, y)`` brings onto the RGB image."""
    rgb, thermal = scene(seed, WIDTH, HEIGHT)
    return Made(rgb, unshifted(thermal, x, y), **more)


def joined(base: Path) -> dict[str, dict[str, Any]]:
    """Read samples of both products below ``base`` by key."""
    dataset = open_products({"pairs": base / "pairs", "registered": base / "registered"})
    return {sample["key"]: sample for sample in dataset}
