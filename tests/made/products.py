"""Small products, written shard by shard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.made.raw_pairs import scene
from twinband.core.images import encode_png
from twinband.shards.product import write_product_files
from twinband.shards.write import OK, ShardWriter, shard_name, take_rows

NOTE = [pa.field("note", pa.string())]
Members = Mapping[str, bytes] | None  # None: the sample is recorded as absent


def sample(seed: int) -> dict[str, bytes]:
    """Make the members of a pair."""
    rgb, thermal = scene(seed)
    info = f'{{"seed": {seed}}}'.encode()
    return {"rgb.png": encode_png(rgb), "thermal.png": encode_png(thermal), "json": info}


def write_samples(
    folder: Path,
    columns: Sequence[pa.Field],
    shards: Sequence[Mapping[str, tuple[Members, Mapping[str, Any]]]],
    product: str = "pairs",
) -> pa.Table:
    """Write a product from members and row of every sample, by shard and key."""
    written = []
    for number, samples in enumerate(shards):
        path = folder / shard_name(number)
        with ShardWriter(path, columns) as writer:
            for key, (members, row) in sorted(samples.items()):
                if members is None:
                    writer.skip(key, row)
                else:
                    writer.add(key, members, {**OK, **row})
        written.append((writer.shard, take_rows(path)))
    return write_product_files(
        folder, product=product, dataset="made-up", shards=written, card="# made up\n"
    )


def write_product(
    folder: Path, shards: Sequence[Mapping[str, Members]], product: str = "pairs"
) -> pa.Table:
    """Write a product whose rows have a note; for each shard its samples by key."""
    absent = {"status": "absent", "reason": "made_up", "detail": "", "note": ""}
    noted = [
        {
            key: (members, absent if members is None else {"note": f"note of {key}"})
            for key, members in samples.items()
        }
        for samples in shards
    ]
    return write_samples(folder, NOTE, noted, product)


def two_shards() -> list[dict[str, Members]]:
    """Make five samples in two shards, one of them absent."""
    return [
        {"a": sample(1), "c": sample(3), "e": sample(5)},
        {"b": sample(2), "d": None, "f": sample(6)},
    ]
