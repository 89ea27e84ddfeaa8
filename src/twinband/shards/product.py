"""Taking a shard from the work folder into a product's.

How often each value of a manifest's column occurs, as numbers and as lines of a card.

A product that follows another one: the same keys in the same shards.

The small files of a product's folder: manifest.parquet, index.json and README.md.

The manifest has one row a sample considered, in order of key, failures included; the index is
a wids-v1 list of the shards; the card says in words what the folder holds.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from twinband.core.errors import InputError
from twinband.core.parallel import FileTask, map_unfinished
from twinband.core.params import Run
from twinband.shards.write import (
    OK,
    Shard,
    ShardWriter,
    finished_shard,
    link,
    parquet_bytes,
    read_rows,
    shard_name,
    take_rows,
    write_atomically,
)


def adopt_shard(path: Path, out: Path) -> tuple[Shard, pa.Table]:
    """A finished shard, linked into the folder ``out``, and its rows.

    Raises:
        FileNotFoundError: it is not there, or not finished.
    """
    shard = finished_shard(path)
    if shard is None:
        raise FileNotFoundError(f"{path} vanished while the stage ran; run it again")
    out.mkdir(parents=True, exist_ok=True)
    link(path, out / path.name)
    return shard, read_rows(path)


def count_values(column: pa.ChunkedArray, unnamed: str = "") -> dict[str, int]:
    """Counts of a text column by value, in order of value.

    Args:
        unnamed: what empty values and nulls count as; without it they do not count.
    """
    named = (value or unnamed for value in column.to_pylist())
    return dict(sorted(Counter(value for value in named if value).items()))


def card_lines(what: str, counts: Mapping[str, int]) -> list[str]:
    """Rows of a Markdown table with two columns: each value, and how often it occurs."""
    return [f"| {what}: {value} | {number} |" for value, number in counts.items()]


MANIFEST = "manifest.parquet"
INDEX = "index.json"
CARD = "README.md"


def write_product_files(
    folder: Path,
    *,
    product: str,
    dataset: str,
    shards: Sequence[tuple[Shard, pa.Table]],
    card: str,
) -> pa.Table:
    """Write manifest, index and card beside the shards of ``folder``; returns the manifest.

    Args:
        shards: each with its rows.
        card: Markdown with a YAML front matter.
    """
    tables = []
    for number, (_, rows) in enumerate(shards):
        present = pc.greater_equal(rows["offset"], 0)
        shard = pc.if_else(present, pa.scalar(number, pa.int32()), pa.scalar(-1, pa.int32()))
        tables.append(rows.add_column(4, pa.field("shard", pa.int32()), shard))
    table = pa.concat_tables(tables).sort_by("key").combine_chunks()
    manifest = parquet_bytes(table)
    write_atomically(folder / MANIFEST, manifest)
    write_atomically(folder / CARD, card.encode())
    index = _index(product, dataset, [shard for shard, _ in shards], manifest)
    write_atomically(folder / INDEX, to_json(index))
    return table


def _index(product: str, dataset: str, shards: Sequence[Shard], manifest: bytes) -> dict[str, Any]:
    return {
        "__kind__": "wids-shard-index-v1",
        "wids_version": 1,
        "name": f"{dataset}/{product}",
        "product": product,
        "dataset": dataset,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "shardlist": [
            {"url": s.file, "md5sum": s.md5, "nsamples": s.samples, "filesize": s.bytes}
            for s in shards
        ],
    }


def to_json(data: Mapping[str, Any]) -> bytes:
    """Readable JSON with a fixed order of keys and a final line end."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_manifest(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The manifest of a product, all of it or some columns.

    Raises:
        InputError: the folder is no finished product, or its manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file() or not (folder / INDEX).is_file():
        raise InputError(f"{folder} is no finished product: it has no {MANIFEST} and {INDEX}")
    try:
        return pq.read_table(path, columns=list(columns) if columns else None)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a product.

    Raises:
        InputError: it is missing or of another kind.
    """
    try:
        index = json.loads((folder / INDEX).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / INDEX} cannot be read: {error}") from None
    if not isinstance(index, dict) or index.get("__kind__") != "wids-shard-index-v1":
        raise InputError(f"{folder / INDEX} is no wids-v1 index")
    return index


@dataclass(frozen=True, slots=True)
class Built:
    """A product that was built.

    Attributes:
        manifest: one row a sample.
        shards: how many there are.
        continued: how many of them were found finished from an interrupted run.
        bytes: of all shards.
    """

    manifest: pa.Table
    shards: int
    continued: int
    bytes: int

    @property
    def continuation(self) -> str:
        """What the closing line says of an interrupted run that this one continued."""
        if not self.continued:
            return ""
        return f"; {self.continued} of {self.shards} shards were already finished"


def build_product(
    out: Path,
    *,
    product: str,
    dataset: str,
    tasks: Sequence[FileTask],
    write_shard: Callable[[FileTask], object],
    card: Callable[[pa.Table], str],
    run: Run,
    finish: Callable[[Sequence[Path]], Sequence[tuple[Shard, pa.Table]]] | None = None,
) -> Built:
    """Make a product shard by shard: those that an interrupted run left, then the small files.

    Args:
        product: its name, such as ``masks``.
        tasks: one a shard, in their order, with the shard's path in the work folder.
        write_shard: writes the shard of one task; picklable, and free of side effects.
        card: Markdown with a YAML front matter, by the rows of all shards in their order.
        finish: puts the finished shards into ``out`` where they change on the way; without it
            they are linked as they are.

    Raises:
        InputError: the Dask scheduler is not there; and what ``write_shard`` raises.
    """
    continued = map_unfinished(
        write_shard, tasks, run.runtime, finished=finished_shard, progress=run.progress
    )
    paths = [task.path for task in tasks]
    shards = finish(paths) if finish else [adopt_shard(path, out) for path in paths]
    text = card(pa.concat_tables(rows for _, rows in shards))
    manifest = write_product_files(out, product=product, dataset=dataset, shards=shards, card=text)
    return Built(manifest, len(shards), continued, sum(shard.bytes for shard, _ in shards))


def product_id(folder: Path) -> str:
    """Sixteen hexadecimal digits that change with any byte of a product's shards or manifest."""
    whole = hashlib.sha256((folder / INDEX).read_bytes())
    whole.update((folder / MANIFEST).read_bytes())
    return whole.hexdigest()[:16]


def write_following(
    source: Path,
    out: Path,
    *,
    product: str,
    samples: Mapping[str, tuple[Mapping[str, bytes], Mapping[str, Any]]],
    columns: Sequence[pa.Field],
    absent: str,
    card: str,
) -> None:
    """Write ``samples`` (fields and manifest columns by key) as a product beside ``source``.

    Every other pair of ``source`` gets a row that says it is absent, and why: ``absent``.
    For products small enough to be held in memory.

    Raises:
        ValueError: a sample that ``source`` does not have.
    """
    index = read_index(source)
    rows = read_manifest(source, ["key", "status", "shard"]).to_pylist()
    present: list[list[str]] = [[] for _ in index["shardlist"]]
    for row in rows:
        if row["status"] == "ok":
            present[row["shard"]].append(row["key"])
    if unknown := samples.keys() - {key for keys in present for key in keys}:
        raise ValueError(f"{source} has no pair {sorted(unknown)[:5]}")
    written = []
    for number, keys in enumerate(present):
        path = out / shard_name(number)
        with ShardWriter(path, columns) as writer:
            for key in keys:
                if key in samples:
                    fields, values = samples[key]
                    writer.add(key, fields, {**values, **OK})
                else:
                    writer.skip(key, {"status": "absent", "reason": absent, "detail": ""})
        written.append((writer.shard, take_rows(path)))
    write_product_files(out, product=product, dataset=index["dataset"], shards=written, card=card)
