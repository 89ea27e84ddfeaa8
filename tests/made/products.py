"""Small products for tests of shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from tests.made.raw_pairs import scene
from twinband.core.images import encode_png
from twinband.shards.product import write_product_files
from twinband.shards.write import OK, ShardWriter, read_rows, rows_of, shard_name, sidecar_of

NOTE = [pa.field("note", pa.string())]
Members = Mapping[str, bytes] | None  # None: the sample is recorded as absent


def sample(seed: int) -> dict[str, bytes]:
    """The members of a pair."""
    rgb, thermal = scene(seed)
    info = f'{{"seed": {seed}}}'.encode()
    return {"rgb.png": encode_png(rgb), "thermal.png": encode_png(thermal), "json": info}


def write_product(
    folder: Path, shards: Sequence[Mapping[str, Members]], product: str = "pairs"
) -> pa.Table:
    """A whole product: for each shard its samples by key, in ascending order."""
    written = []
    for number, samples in enumerate(shards):
        path = folder / shard_name(number)
        with ShardWriter(path, NOTE) as writer:
            for key, members in samples.items():
                if members is None:
                    absent = {"status": "absent", "reason": "made_up", "detail": "", "note": ""}
                    writer.skip(key, absent)
                else:
                    writer.add(key, members, {**OK, "note": f"note of {key}"})
        written.append((writer.shard, read_rows(path)))
        for temporary in (rows_of(path), sidecar_of(path)):
            temporary.unlink()
    return write_product_files(
        folder, product=product, dataset="made-up", shards=written, card="# made up\n"
    )


def two_shards() -> list[dict[str, Members]]:
    """Five samples in two shards, one of them absent."""
    return [
        {"a": sample(1), "c": sample(3), "e": sample(5)},
        {"b": sample(2), "d": None, "f": sample(6)},
    ]
