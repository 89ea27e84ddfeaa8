"""The first pass over one shard: read, check, hash and write every usable pair of it.

Whether a pair is a duplicate is known only when all are hashed, so this pass writes them all;
the second one (``build``) takes duplicates out again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.errors import BadSample
from twinband.ingest.check import COLUMNS, check_pair
from twinband.ingest.plan import read_plan
from twinband.ingest.source import Source
from twinband.ingest.split import split_of
from twinband.params.ingest import SplitFractions
from twinband.readers._base import Entry, Layout, Problem
from twinband.readers._keys import key_of
from twinband.shards.write import OK, Shard, ShardWriter


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What one worker does: ``plan`` lists the pairs of the shard at ``path``."""

    path: Path
    source: Source
    plan: Path
    fractions: SplitFractions
    split_seed: int
    frame_stride: int
    licence: str


def write_checked_shard(task: ShardTask) -> Shard:
    """Write the shard, and beside it ``quarantine-….tar`` with what could not be used."""
    layout = task.source.open()
    quarantined: list[tuple[Entry | Problem, str, str]] = []
    with ShardWriter(task.path, COLUMNS) as writer:
        for found in read_plan(task.plan):
            row = _row(found, task)
            key = key_of(found.name)
            if isinstance(found, Problem):
                bad = (found.reason, found.detail)
            elif found.group and found.frame % task.frame_stride:
                writer.skip(key, {**row, **_status("thinned", "frame_stride")})
                continue
            else:
                try:
                    checked = check_pair(layout, found)
                    writer.add(key, checked.fields, {**row, **checked.row, **OK})
                    continue
                except BadSample as error:
                    bad = (error.reason, error.detail)
            writer.skip(key, {**row, **_status("quarantined", *bad)})
            quarantined.append((found, *bad))
        if quarantined:
            _write_quarantine(quarantine_of(task.path), layout, quarantined)
    return writer.shard


def quarantine_of(shard: Path) -> Path:
    """Where the unusable pairs of a shard are kept."""
    return shard.with_name(shard.name.replace("shard-", "quarantine-"))


def _status(status: str, reason: str, detail: str = "") -> dict[str, str]:
    return {"status": status, "reason": reason, "detail": detail}


def _row(found: Entry | Problem, task: ShardTask) -> dict[str, Any]:
    """The columns that are known before any file is read."""
    row: dict[str, Any] = {
        "name": found.name,
        "licence": task.licence,
        "rgb_path": found.files.get("rgb", ""),
        "thermal_path": found.files.get("thermal", ""),
    }
    if isinstance(found, Problem):
        return row
    group = found.group or found.name
    named = bool(found.split)
    return {
        **row,
        "split": found.split or split_of(group, task.fractions, task.split_seed),
        "split_source": "layout" if named else "hash",
        "group": group,
        "frame": found.frame,
        "hour": found.attributes.get("hour", ""),
        "attributes": sorted(found.attributes.items()),
    }


def _write_quarantine(
    path: Path, layout: Layout, quarantined: list[tuple[Entry | Problem, str, str]]
) -> None:
    with ShardWriter(path, []) as writer:
        for found, reason, detail in quarantined:
            note = {"name": found.name, "reason": reason, "detail": detail}
            fields = {"json": json.dumps(note, sort_keys=True).encode()}
            writer.add(key_of(found.name), fields | _raw_files(layout, found.files), OK)


def _raw_files(layout: Layout, files: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a bad pair as found, as far as they can be read at all."""
    found = {}
    for field, path in files.items():
        suffix = path.rpartition(".")[2].lower()
        try:
            found[f"{field}.{suffix if suffix.isalnum() else 'bin'}"] = layout.files.read(path)
        except BadSample:
            continue
    return found
