"""Ingestion of one dataset: scan, check, deduplicate, write.

Shard and split of a pair depend on the name of its group only: so nothing moves when a dataset
grows, and a sequence is never torn apart. The pairs of each shard stand in small files, so memory
does not grow with the dataset. A duplicate is known only when all pairs are hashed, so a first
pass writes every usable pair, and a second one takes duplicates out again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from twinband.core.errors import BadSample, TooManyBadSamples
from twinband.core.params import Run
from twinband.ingest.check import COLUMNS, check_pair
from twinband.ingest.dataset import Source
from twinband.ingest.duplicates import Duplicate, find_duplicates
from twinband.ingest.facts import Protocol, card, facts_of
from twinband.ingest.files import key_of
from twinband.ingest.layout import Entry, Layout, Problem
from twinband.ingest.params import IngestParams, SplitFractions
from twinband.ingest.protocol import FILE as PROTOCOL
from twinband.ingest.protocol import protocol_of
from twinband.shards.product import Built, build_product, to_json
from twinband.shards.read import read_fields
from twinband.shards.write import (
    OK,
    Shard,
    ShardWriter,
    finished_shard,
    link,
    recorded_shard,
    shard_name,
    take_rows,
    write_atomically,
)

PLANNED_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Work of one worker: ``plan`` lists the pairs of the shard at ``path``."""

    path: Path
    source: Source
    plan: Path
    fractions: SplitFractions
    split_seed: int
    frame_stride: int
    licence: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """The product ``pairs``, and what its scan knows of the raw files.

    Attributes:
        untaken: images below the root that no rule of the layout took, by folder and suffix.
        protocol: also written beside the shards.
    """

    built: Built
    untaken: Mapping[str, int]
    protocol: Protocol


def ingest(params: IngestParams, source: Source, out: Path, run: Run) -> Ingested:
    """Write the product ``pairs`` of the dataset ``run.item`` into ``out``.

    Raises:
        InputError: the raw files are not there or not of the reader's layout.
        TooManyBadSamples: with a table of the reasons.
    """

    def without_duplicates(paths: Sequence[Path]) -> list[tuple[Shard, pa.Table]]:
        rows = pa.concat_tables(recorded_shard(path)[1] for path in paths)
        stop_if_too_many_bad(run.item, rows, params.max_bad_fraction)
        copies = find_duplicates(rows, params.near_duplicate_bits)
        return [_final_shard(path, copies, out) for path in paths]

    layout = source.open()
    tasks = _tasks(layout, source, params, run.work / "checked")
    protocol = protocol_of(layout)  # which the scan for the tasks has made known
    built = build_product(
        out,
        product="pairs",
        dataset=run.item,
        tasks=tasks,
        write_shard=write_checked_shard,
        card=lambda rows: card(run.item, params, facts_of(rows, protocol=protocol)),
        run=run,
        finished=finished_with_quarantine,
        finish=without_duplicates,
    )
    write_atomically(out / PROTOCOL, to_json(protocol.plain()))
    return Ingested(built, layout.untaken, protocol)


def shard_of(group: str, shards: int) -> int:
    """Tell the shard of a group, in ``[0, shards)``."""
    return _hash(group) % shards


def split_of(group: str, fractions: SplitFractions, seed: int) -> str:
    """Tell the split of a group where its layout names none."""
    position = _hash(f"{seed}/{group}") / 2**64
    if position < fractions.train:
        return "train"
    return "val" if position < fractions.train + fractions.val else "test"


def write_plan(layout: Layout, shards: int, folder: Path) -> list[Path]:
    """Scan the raw files and write one list a shard; empty ones too, so numbers never shift.

    Raises:
        InputError: nothing was found, or the files are not of the reader's layout.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"plan-{number:06d}.jsonl" for number in range(shards)]
    for path in paths:
        path.write_bytes(b"")
    scanned = layout.scan()
    while items := list(islice(scanned, PLANNED_AT_ONCE)):
        lines: dict[Path, list[str]] = {}
        for item in items:
            group = (item.group if isinstance(item, Entry) else "") or item.name
            line = json.dumps(asdict(item), ensure_ascii=False)
            lines.setdefault(paths[shard_of(group, shards)], []).append(f"{line}\n")
        for path, own in lines.items():  # one after the other: there may be more than can be open
            with path.open("a", encoding="utf-8") as stream:
                stream.writelines(own)
    return paths


def read_plan(path: Path) -> list[Entry | Problem]:
    """Read the pairs of one shard in order of key."""
    items: list[Entry | Problem] = []
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            values = json.loads(line)
            items.append(Problem(**values) if "reason" in values else Entry(**values))
    return sorted(items, key=lambda item: key_of(item.name))


def write_checked_shard(task: ShardTask) -> Shard:
    """Write the shard, and beside it ``quarantine-….tar`` with what could not be used."""
    layout = task.source.open()
    quarantined: list[tuple[Entry | Problem, str, str]] = []
    with ShardWriter(task.path, COLUMNS) as writer:
        for item in read_plan(task.plan):
            row = _row(item, task)
            key = key_of(item.name)
            if isinstance(item, Problem):
                bad = (item.reason, item.detail)
            elif item.group and item.frame % task.frame_stride:
                writer.skip(key, {**row, **_status("thinned", "frame_stride")})
                continue
            else:
                try:
                    checked = check_pair(layout, item)
                    writer.add(key, checked.fields, {**row, **OK, **checked.row})
                    continue
                except BadSample as error:
                    bad = (error.reason, error.detail)
            writer.skip(key, {**row, **_status("quarantined", *bad)})
            quarantined.append((item, *bad))
        if quarantined:
            _write_quarantine(quarantine_of(task.path), layout, quarantined)
    return writer.shard


def quarantine_of(shard: Path) -> Path:
    """Name the file that keeps the unusable pairs of a shard."""
    return shard.with_name(shard.name.replace("shard-", "quarantine-"))


def finished_with_quarantine(shard: Path) -> bool:
    """Tell whether a shard was finished and is whole, and so are its unusable pairs."""
    if not finished_shard(shard):
        return False
    bad = "quarantined" in recorded_shard(shard)[1]["status"].to_pylist()
    return not bad or finished_shard(quarantine_of(shard)) is not None


def stop_if_too_many_bad(name: str, rows: pa.Table, allowed: float) -> None:
    """Raise TooManyBadSamples, with a table of reasons, if more than ``allowed`` are bad."""
    bad = rows.filter(pc.equal(rows["status"], "quarantined")).select(["reason", "detail"])
    if bad.num_rows <= allowed * rows.num_rows:
        return
    pairs = bad.to_pylist()
    example = {row["reason"]: row["detail"] for row in reversed(pairs)}
    reasons = Counter(row["reason"] for row in pairs).most_common()
    table = [f"  {count:6d}  {reason:18s} e.g. {example[reason]}" for reason, count in reasons]
    raise TooManyBadSamples(
        f"{name}: {bad.num_rows} of {rows.num_rows} pairs cannot be used, more than "
        f"max_bad_fraction = {allowed} allows:\n" + "\n".join(table)
    )


def _tasks(layout: Layout, source: Source, params: IngestParams, folder: Path) -> list[ShardTask]:
    return [
        ShardTask(
            path=folder / shard_name(number),
            source=source,
            plan=plan,
            fractions=params.split,
            split_seed=params.split_seed,
            frame_stride=params.frame_stride,
            licence=params.licence,
        )
        for number, plan in enumerate(write_plan(layout, params.shards, folder))
    ]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _status(status: str, reason: str, detail: str = "") -> dict[str, str]:
    return {"status": status, "reason": reason, "detail": detail}


def _row(item: Entry | Problem, task: ShardTask) -> dict[str, Any]:
    """Fill the columns that are known before any file is read."""
    row: dict[str, Any] = {
        "name": item.name,
        "licence": task.licence,
        "rgb_path": item.files.get("rgb", ""),
        "thermal_path": item.files.get("thermal", ""),
    }
    if isinstance(item, Problem):
        return row
    group = item.group or item.name
    named = bool(item.split)
    return {
        **row,
        "split": item.split or split_of(group, task.fractions, task.split_seed),
        "split_source": "layout" if named else "hash",
        "group": group,
        "frame": item.frame,
        "hour": item.attributes.get("hour", ""),
        "attributes": sorted(item.attributes.items()),
    }


def _write_quarantine(
    path: Path, layout: Layout, quarantined: list[tuple[Entry | Problem, str, str]]
) -> None:
    with ShardWriter(path, []) as writer:
        for item, reason, detail in quarantined:
            note = {"name": item.name, "reason": reason, "detail": detail}
            fields = {"json": json.dumps(note, sort_keys=True).encode()}
            writer.add(key_of(item.name), fields | _raw_files(layout, item.files), OK)


def _raw_files(layout: Layout, files: Mapping[str, str]) -> dict[str, bytes]:
    """Read the files of a bad pair as they are, as far as they can be read at all."""
    members = {}
    for field, path in files.items():
        suffix = path.rpartition(".")[2].lower()
        plain = suffix.isascii() and suffix.isalnum()
        try:
            members[f"{field}.{suffix if plain else 'bin'}"] = layout.files.read(path)
        except BadSample:
            continue
    return members


def _final_shard(path: Path, gone: dict[str, Duplicate], out: Path) -> tuple[Shard, pa.Table]:
    """Put a checked shard into ``out``, without its duplicates."""
    out.mkdir(parents=True, exist_ok=True)
    if quarantine_of(path).is_file():
        link(quarantine_of(path), out / quarantine_of(path).name)
    shard, rows = recorded_shard(path)
    if gone.keys().isdisjoint(rows["key"].to_pylist()):
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
                writer.add(key, fields, row)
            else:
                writer.skip(key, row)
    return writer.shard, take_rows(writer.path)
