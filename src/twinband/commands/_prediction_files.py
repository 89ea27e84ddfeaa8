"""Files of a product of predictions, named as the dataset names its images."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from twinband.cli import UsageError
from twinband.core.cells import defused
from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.shards.product import read_manifest
from twinband.shards.read import Product, open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import write_atomically

TABLE = "predictions.csv"


def write_predictions(product: Path, pairs: Path, registered: Path, out: Path) -> int:
    """Write the predictions of a product below ``out``; returns the number of pairs.

    ``predictions/NAME.png`` is the label map of a pair and ``truth/NAME.png`` its label, on one
    grid; ``predictions.csv`` has a row for each pair with the rest of what was predicted.

    Raises:
        InputError: a product is not there or damaged, or a name leads out of the folder.
        UsageError: ``out`` is there already.
    """
    if out.exists():
        raise UsageError(f"{out} is there already; name a new folder")
    predicted = Product("predictions", product)
    rows = [row for row, present in enumerate(predicted.present) if present]
    keys = [predicted.keys[row] for row in rows]
    dataset = open_products({"pairs": pairs, "registered": registered}, keys)
    names = _names(pairs)
    table = []
    for row, sample in zip(rows, dataset, strict=True):
        name = names[predicted.keys[row]]
        labels = registered_pair(sample).labels
        cells = {}
        for field, data in predicted.fields(row).items():
            label, _, suffix = field.rpartition(".")
            if suffix == "png":
                write_atomically(out / "predictions" / f"{name}.png", data)
                write_atomically(out / "truth" / f"{name}.png", encode_png(labels[label]))
            else:
                with predicted.blamed(row):
                    cells = dict(_flat(json.loads(data)))
        table.append({"name": name, **cells})
    _write_table(out / TABLE, table)
    return len(table)


def _names(pairs: Path) -> dict[str, str]:
    """Read the name of each pair by its key."""
    names = {}
    for row in read_manifest(pairs, ["key", "name"]).to_pylist():
        path = PurePosixPath(row["name"])
        if path.is_absolute() or ".." in path.parts:
            raise InputError(f"{pairs}: the name {row['name']!r} leads out of a folder")
        names[row["key"]] = row["name"]
    return names


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested mappings: ``{"a": {"b": 1}}`` gives ``a.b``."""
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: defused(str(v)) for k, v in row.items()} for row in rows)
