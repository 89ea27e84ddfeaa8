"""Which pairs go into which shard, kept in small files: memory does not grow with the dataset."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from twinband.errors import InputError
from twinband.ingest.source import Source
from twinband.ingest.split import shard_of
from twinband.readers._base import Entry, Problem
from twinband.readers._keys import key_of


def write_plan(source: Source, shards: int, folder: Path) -> list[Path]:
    """Scan the raw files and write one list a shard; empty ones too, so numbers never shift.

    Raises:
        InputError: nothing was found, or the files are not of the reader's layout.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"plan-{number:06d}.jsonl" for number in range(shards)]
    count = 0
    with ExitStack() as stack:
        streams = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
        for found in source.open().scan():
            group = (found.group if isinstance(found, Entry) else "") or found.name
            line = json.dumps(asdict(found), ensure_ascii=False)
            streams[shard_of(group, shards)].write(f"{line}\n")
            count += 1
    if not count:
        raise InputError(f"{source.root}: the reader {source.reader} found no pair there")
    return paths


def read_plan(path: Path) -> list[Entry | Problem]:
    """The pairs of one shard in order of key."""
    found: list[Entry | Problem] = []
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            values = json.loads(line)
            found.append(Problem(**values) if "reason" in values else Entry(**values))
    return sorted(found, key=lambda item: key_of(item.name))
