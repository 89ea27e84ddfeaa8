"""A product: building it shard by shard, its manifest, index and card, and its identity.

The manifest has one row a sample considered, in order of key, failures included; the index is
a wids-v1 list of the shards; the card says in words what the folder holds.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twinband.core.errors import MALFORMED, InputError
from twinband.core.parallel import FileTask, map_unfinished
from twinband.core.params import Run, describe
from twinband.shards.write import (
    COMMON_COLUMNS,
    OK,
    Shard,
    ShardWriter,
    finished_shard,
    link,
    parquet_bytes,
    parquet_table,
    recorded_shard,
    row_schema,
    shard_name,
    take_rows,
    write_atomically,
)

MANIFEST = "manifest.parquet"
INDEX = "index.json"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Built:
    """A product that was built.

    Attributes:
        manifest: one row a sample.
        shards: number of shards.
        continued: shards that an interrupted run had finished.
        bytes: of all shards.
    """

    manifest: pa.Table
    shards: int
    continued: int
    bytes: int

    @property
    def continuation(self) -> str:
        """End of the closing line, of an interrupted run that this one continued."""
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
    finished: Callable[[Path], object] = finished_shard,
    finish: Callable[[Sequence[Path]], Sequence[tuple[Shard, pa.Table]]] | None = None,
) -> Built:
    """Make a product shard by shard: those that an interrupted run left, then the small files.

    Args:
        product: its name, such as ``masks``.
        tasks: one a shard, in their order, with the shard's path in the work folder.
        write_shard: writes the shard of one task; picklable, and free of side effects.
        card: Markdown with a YAML front matter, by the rows of all shards in their order.
        finished: tells whether the shard at a path is there and whole.
        finish: puts the finished shards into ``out`` where they change on the way; without it
            they are linked as they are.

    Raises:
        InputError: the Dask scheduler is not there; and what ``write_shard`` raises.
        WorkFailed: a shard went meanwhile.
    """
    continued = map_unfinished(
        write_shard, tasks, run.runtime, finished=finished, progress=run.progress
    )
    paths = [task.path for task in tasks]
    shards = finish(paths) if finish else [adopt_shard(path, out) for path in paths]
    text = card(pa.concat_tables(rows for _, rows in shards))
    manifest = write_product_files(out, product=product, dataset=dataset, shards=shards, card=text)
    return Built(manifest, len(shards), continued, sum(shard.bytes for shard, _ in shards))


def adopt_shard(path: Path, out: Path) -> tuple[Shard, pa.Table]:
    """Link a finished shard into the folder ``out``; returns it and its rows.

    Raises:
        WorkFailed: it is not there, or not finished.
    """
    shard, rows = recorded_shard(path)
    out.mkdir(parents=True, exist_ok=True)
    link(path, out / path.name)
    return shard, rows


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
        shards: with their rows.
        card: Markdown with a YAML front matter.
    """
    tables = []
    for number, (_, rows) in enumerate(shards):
        present = pc.greater_equal(rows["offset"], 0)
        shard = pc.if_else(present, pa.scalar(number, pa.int32()), pa.scalar(-1, pa.int32()))
        tables.append(rows.add_column(4, pa.field("shard", pa.int32()), shard))
    table = pa.concat_tables(tables)
    # Not `sort_by`, which starts threads (see `parquet_table`).
    table = table.take(pc.sort_indices(table, [("key", "ascending")])).combine_chunks()
    manifest = parquet_bytes(table)
    write_atomically(folder / MANIFEST, manifest)
    write_atomically(folder / CARD, card.encode())
    index = _index(product, dataset, [shard for shard, _ in shards], manifest)
    write_atomically(folder / INDEX, to_json(index))
    return table


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
    present: list[list[str]] = [[] for _ in index.shardlist]
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
    write_product_files(out, product=product, dataset=index.dataset, shards=written, card=card)


def read_manifest(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the manifest of a product, all of it or some columns.

    Raises:
        InputError: the folder is no finished product, or its manifest is damaged, is not the one
            that the index names, or says what cannot be.
    """
    path = folder / MANIFEST
    if not path.is_file() or not (folder / INDEX).is_file():
        raise InputError(f"{folder} is no finished product: it has no {MANIFEST} and {INDEX}")
    index = read_index(folder)
    try:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != index.manifest_sha256:
            raise InputError(
                f"{path}: not the file of the index (SHA-256 differs). {remedy(folder)}"
            )
        table = parquet_table(data, columns)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}. {remedy(folder)}") from None
    needed = columns or [*row_schema([]).names, "shard"]
    if problem := _impossible(table, needed, len(index.shardlist)):
        raise InputError(f"{path}: {problem}. {remedy(folder)}")
    return table


class IndexEntry(BaseModel):
    """A shard, as the index tells of it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    url: str
    md5sum: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    nsamples: Annotated[int, Field(ge=0)]
    filesize: Annotated[int, Field(ge=0)]


class Index(BaseModel):
    """The index of a product; the place of an entry is the number of its shard."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    kind: Literal["wids-shard-index-v1"] = Field(alias="__kind__")
    wids_version: Literal[1]
    name: str
    product: str
    dataset: str
    manifest_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    shardlist: list[IndexEntry]


def read_index(folder: Path) -> Index:
    """Read the index of a product.

    Raises:
        InputError: it is missing, damaged or of another kind.
    """
    path = folder / INDEX
    try:
        index = Index.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}. {remedy(folder)}") from None
    except ValidationError as error:
        problems = "; ".join(describe(error, "")[:3])
        raise InputError(f"{path} is no wids-v1 index ({problems}). {remedy(folder)}") from None
    if index.name != f"{index.dataset}/{index.product}":
        raise InputError(f"{path} is of {index.name!r}, or of another product. {remedy(folder)}")
    for number, entry in enumerate(index.shardlist):
        if entry.url != shard_name(number):
            raise InputError(
                f"{path}: shard {number} is called {entry.url!r}, not {shard_name(number)}. "
                f"{remedy(folder)}"
            )
    return index


def shard_problem(path: Path, entry: IndexEntry) -> str:
    """Say what is wrong with the file of a shard; empty if it is the one of the index."""
    try:
        if path.stat().st_size == entry.filesize:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "md5").hexdigest() == entry.md5sum:
                    return ""
    except OSError as error:
        return f"{path}: missing" if not path.exists() else f"{path}: {error.strerror}"
    return f"{path}: not the file of the index (size or MD5 differs)"


def remedy(folder: Path) -> str:
    """Say what mends a damaged product."""
    return f"`dvc checkout {folder}` brings it back, `dvc repro` makes it anew"


def _impossible(table: pa.Table, needed: Container[str], shards: int) -> str:
    """Say what no manifest of so many shards can say, of the columns that were read."""
    for field in [*COMMON_COLUMNS, pa.field("shard", pa.int32())]:
        if field.name not in table.column_names:
            if field.name in needed:
                return f"it has no column {field.name}"
        elif table[field.name].type != field.type or table[field.name].null_count:
            return f"the column {field.name} is not {field.type} throughout"
    if {"key", "status", "shard"} <= set(table.column_names):
        there, shard = pc.equal(table["status"], "ok"), table["shard"]
        placed = pc.and_(pc.greater_equal(shard, 0), pc.less(shard, shards))
        lost = table.filter(pc.and_(there, pc.invert(placed)))["shard"].to_pylist()
        surplus = table.filter(pc.and_(pc.invert(there), pc.not_equal(shard, -1)))[
            "key"
        ].to_pylist()
        if lost:
            return f"it names shard {lost[0]}, which is not there"
        if surplus:
            return f"{surplus[0]} is not there but stands in a shard"
    return ""


def product_id(folder: Path) -> str:
    """Compute sixteen hexadecimal digits that change with any byte of shards or manifest."""
    digest = hashlib.sha256((folder / INDEX).read_bytes())
    digest.update((folder / MANIFEST).read_bytes())
    return digest.hexdigest()[:16]


def checked(folder: Path, facts: Path, identity: Callable[[Path], str] = product_id) -> str:
    """Compute a product's id and compare it with the one that its stage's facts name.

    Args:
        facts: facts/STAGE/ITEM.json.
        identity: computes the id of a folder that is no product in shards.

    Raises:
        InputError: the product is not there yet, or is another one.
    """
    try:
        recorded = json.loads(facts.read_bytes())["product"]
        current = identity(folder)
    except (OSError, *MALFORMED) as error:
        raise InputError(f"{folder} is not there yet ({error!r}): dvc repro") from None
    if current != recorded:
        raise InputError(f"{folder} is not what {facts} tells of: dvc checkout")
    return current


def markdown_card(title: str, tags: Sequence[str], *body: str, **front: str) -> str:
    """Lay out a card: Markdown with a YAML front matter.

    Args:
        body: paragraphs, tables and headings, set apart by empty lines; empty ones are left out.
        front: further entries of the front matter, such as ``license``.
    """
    entries = [f"{name}: {value}" for name, value in front.items()]
    matter = "\n".join(["---", *entries, f"tags: [{', '.join(tags)}]", "---"])
    return "\n\n".join([f"{matter}\n# {title}", *filter(None, body)]) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def count_rows(label: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """List rows of a table with two columns: ``label: value``, and how often it occurs."""
    return [(f"{label}: {value}", number) for value, number in counts.items()]


def count_values(column: pa.ChunkedArray, unnamed: str = "") -> dict[str, int]:
    """Count a text column by value, in order of value.

    Args:
        unnamed: what empty values and nulls count as; without it they do not count.
    """
    named = (value or unnamed for value in column.to_pylist())
    return dict(sorted(Counter(value for value in named if value).items()))


def to_json(data: Mapping[str, Any]) -> bytes:
    """Encode readable JSON with a fixed order of keys and a final line end."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


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
