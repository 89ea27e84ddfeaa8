"""Verification: products and models read back and compared with what was written down of them."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from twinband.core.errors import InputError
from twinband.shards.product import (
    INDEX,
    MANIFEST,
    Index,
    IndexEntry,
    read_index,
    read_manifest,
    remedy,
    shard_problem,
)
from twinband.shards.sums import SUMS, broken_sums
from twinband.shards.write import KEY_PATTERN

WEIGHTS = "*.safetensors"
LISTED = (".json", ".parquet", ".safetensors")  # that a list of checksums must name


def verify_folder(folder: Path) -> list[str]:
    """List what is wrong with a folder that a stage wrote; nothing if all is well.

    A product in shards is compared with its manifest and index, any other folder with its list of
    checksums, which a folder with weights must have.
    """
    if any(_parts_of_a_product(folder)):
        return verify_product(folder)
    if (folder / SUMS).is_file() or any(folder.glob(WEIGHTS)):
        return broken_sums(folder, *sorted(p.name for p in folder.iterdir() if p.suffix in LISTED))
    return [f"{folder}: no product and no model with checksums stands there. {remedy(folder)}"]


def folders_below(root: Path) -> list[Path]:
    """List the folders that hold a product in shards, or a part of one, or weights; sorted."""
    files = [path for path in root.rglob("*") if path.is_file()]
    parts = {path.parent for path in files if path.name in (INDEX, MANIFEST, SUMS)}
    return sorted(
        parts | {path.parent for path in files if path.match(WEIGHTS) or path.match("shard-*.tar")}
    )


def verify_product(folder: Path, source: Path | None = None) -> list[str]:
    """List what is wrong with a product; nothing if all is well.

    Checks the shards' sizes, checksums and counts, that the manifest and the shards hold the
    same keys at the same places, and, if ``source`` is given, that every sample of that product
    has a row here.
    """
    try:
        index, table = read_index(folder), read_manifest(folder)
        return [*_verify_content(folder, index, table), *_verify_source(folder, table, source)]
    except InputError as error:
        return [str(error)]
    except OSError as error:
        return [f"{folder} cannot be read: {error}"]


def _parts_of_a_product(folder: Path) -> Iterator[Path]:
    yield from (path for path in (folder / INDEX, folder / MANIFEST) if path.exists())
    yield from folder.glob("shard-*.tar")


def _verify_content(folder: Path, index: Index, table: pa.Table) -> Iterator[str]:
    keys = table["key"].to_pylist()
    if len(set(keys)) != len(keys) or keys != sorted(keys):
        yield f"{folder}: the manifest's keys are not unique and in order"
    yield from (f"{folder}: malformed key {k!r}" for k in keys if not KEY_PATTERN.fullmatch(k))
    expected: dict[int, list[tuple[int, str]]] = {}
    for row in table.select(["key", "status", "shard", "offset"]).to_pylist():
        if row["status"] == "ok":
            expected.setdefault(row["shard"], []).append((row["offset"], row["key"]))
    for number, entry in enumerate(index.shardlist):
        yield from _verify_shard(folder / entry.url, entry, sorted(expected.get(number, [])))
    named = {entry.url for entry in index.shardlist}
    for path in sorted(folder.glob("shard-*.tar")):
        if path.name not in named:
            yield f"{path}: no shard of the index"


def _verify_shard(path: Path, entry: IndexEntry, rows: list[tuple[int, str]]) -> Iterator[str]:
    if problem := shard_problem(path, entry):
        yield problem
        return
    samples: list[tuple[int, str]] = []
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                key = member.name.partition(".")[0]
                if not samples or samples[-1][1] != key:
                    samples.append((member.offset, key))
    except (OSError, ValueError, OverflowError, tarfile.TarError) as error:
        yield f"{path}: no tar ({error})"
        return
    if len(samples) != entry.nsamples:
        yield f"{path}: holds {len(samples)} samples, the index says {entry.nsamples}"
    elif differing := sorted({key for _, key in set(samples) ^ set(rows)}):
        yield (
            f"{path}: {len(differing)} samples do not stand where the manifest says "
            f"({', '.join(differing[:5])})"
        )


def _verify_source(folder: Path, table: pa.Table, source: Path | None) -> Iterator[str]:
    if source is None:
        return
    rows = read_manifest(source, ["key", "status"]).to_pylist()
    missing = sorted(
        {row["key"] for row in rows if row["status"] == "ok"} - {*table["key"].to_pylist()}
    )
    if missing:
        yield f"{folder}: {len(missing)} samples of {source} have no row ({', '.join(missing[:5])})"
