"""The whole of ``ingest`` for one dataset: scan, check, deduplicate, write."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from twinband.errors import TooManyBadSamples
from twinband.ingest.card import card
from twinband.ingest.check import COLUMNS
from twinband.ingest.checked_shard import ShardTask, quarantine_of, write_checked_shard
from twinband.ingest.duplicates import Duplicate, find_duplicates
from twinband.ingest.plan import write_plan
from twinband.ingest.source import Source
from twinband.parallel import map_unfinished
from twinband.params.ingest import IngestCommon, IngestDataset
from twinband.params.runtime import Runtime
from twinband.shards.manifest import write_product_files
from twinband.shards.read import read_fields
from twinband.shards.write import (
    OK,
    Shard,
    ShardWriter,
    finished_shard,
    link,
    read_rows,
    shard_name,
    take_rows,
)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one run of ``ingest`` made.

    Attributes:
        manifest: one row a pair.
        shards: how many there are.
        continued: how many of them were found finished from an interrupted run.
        bytes: of all shards.
    """

    manifest: pa.Table
    shards: int
    continued: int
    bytes: int


def ingest(
    name: str,
    source: Source,
    settings: IngestDataset,
    common: IngestCommon,
    *,
    out: Path,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> Ingested:
    """Write the product ``pairs`` of one dataset into ``out``.

    Args:
        work: kept between tries; shards finished there are not made again.
        progress: is told how many shards are done, and of how many.

    Raises:
        InputError: the raw files are not there or not of the reader's layout.
        TooManyBadSamples: with a table of the reasons.
    """
    tasks = _tasks(source, settings, common, work / "checked")
    continued = map_unfinished(
        write_checked_shard, tasks, runtime, finished=finished_shard, progress=progress
    )
    paths = [task.path for task in tasks]
    rows = pa.concat_tables(read_rows(path) for path in paths)
    stop_if_too_many_bad(name, rows, common.max_bad_fraction)
    gone = find_duplicates(rows, settings.near_duplicate_bits)
    final = [_final_shard(path, gone, out) for path in paths]
    manifest = write_product_files(
        out,
        product="pairs",
        dataset=name,
        shards=final,
        card=card(name, settings, pa.concat_tables(table for _, table in final)),
    )
    return Ingested(manifest, len(final), continued, sum(shard.bytes for shard, _ in final))


def _tasks(
    source: Source, settings: IngestDataset, common: IngestCommon, folder: Path
) -> list[ShardTask]:
    return [
        ShardTask(
            path=folder / shard_name(number),
            source=source,
            plan=plan,
            fractions=common.split,
            split_seed=common.split_seed,
            frame_stride=settings.frame_stride,
            licence=settings.licence,
        )
        for number, plan in enumerate(write_plan(source, settings.shards, folder))
    ]


def stop_if_too_many_bad(name: str, rows: pa.Table, allowed: float) -> None:
    """Raises TooManyBadSamples, with a table of reasons, if more than ``allowed`` are bad."""
    bad = rows.filter(pc.equal(rows["status"], "quarantined")).select(["reason", "detail"])
    if bad.num_rows <= allowed * rows.num_rows:
        return
    pairs = bad.to_pylist()
    example = {row["reason"]: row["detail"] for row in reversed(pairs)}
    reasons = Counter(row["reason"] for row in pairs).most_common()
    table = [f"  {count:6d}  {reason:18s} e.g. {example[reason]}" for reason, count in reasons]
    raise TooManyBadSamples(
        f"{name}: {bad.num_rows} of {rows.num_rows} pairs cannot be used, more than "
        f"ingest.common.max_bad_fraction = {allowed} allows:\n" + "\n".join(table)
    )


def _final_shard(path: Path, gone: dict[str, Duplicate], out: Path) -> tuple[Shard, pa.Table]:
    """Put a checked shard into ``out``, without its duplicates."""
    out.mkdir(parents=True, exist_ok=True)
    if quarantine_of(path).is_file():
        link(quarantine_of(path), out / quarantine_of(path).name)
    shard, rows = finished_shard(path), read_rows(path)
    if shard is not None and gone.keys().isdisjoint(rows["key"].to_pylist()):
        link(path, out / path.name)
        return shard, rows
    with ShardWriter(out / path.name, COLUMNS) as writer:
        for row in rows.to_pylist():
            key = row.pop("key")
            if copy := gone.get(key):
                detail = f"copy of {copy.of}, {copy.bits} bits apart"
                left_out = {"status": "duplicate", "reason": f"{copy.kind}_duplicate"}
                writer.skip(key, {**row, **left_out, "detail": detail})
            elif row["status"] == "ok":
                fields = read_fields(path, row["offset"], row["size"], key)
                writer.add(key, fields, {**row, **OK})
            else:
                writer.skip(key, row)
    return writer.shard, take_rows(writer.path)
