"""A product that follows another one: the same keys in the same shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.shards.manifest import read_index, read_manifest, write_product_files
from twinband.shards.write import OK, ShardWriter, shard_name, take_rows


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
