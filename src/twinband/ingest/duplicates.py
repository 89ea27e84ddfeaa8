"""Which pairs of one dataset are copies of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twinband.ingest.hashes import close_pairs

SPLIT_ORDER = {"test": 0, "val": 1, "train": 2}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``of`` is the key of the pair that stays; ``kind`` is ``exact`` or ``near``."""

    of: str
    kind: str
    bits: int


COLUMNS = ["key", "split", "split_source", "group", "rgb_sha256", "thermal_sha256"]
HASHES = ["rgb_hash", "thermal_hash"]


def find_duplicates(table: pa.Table, max_bits: int) -> dict[str, Duplicate]:
    """Duplicates among the usable pairs of a manifest, by the key of the copy that goes.

    Exact: equal bytes of both images. Near: perceptual hashes of both images together at most
    ``max_bits`` apart (none for -1). Neighbours in one sequence are near by nature and left to
    ``frame_stride``. Of two copies the one in the test split stays, then val, then the first by
    key, so that no copy of a test pair is trained on. A test or val pair that the layout itself
    names is never taken out, since published scores count it.
    """
    usable = table.filter(pc.equal(table["status"], "ok")).select(COLUMNS + HASHES)
    ordered = sorted(usable.to_pylist(), key=lambda row: (SPLIT_ORDER[row["split"]], row["key"]))
    gone: dict[str, Duplicate] = {}
    first_with: dict[tuple[str, str], str] = {}
    for row in ordered:
        pair = (row["rgb_sha256"], row["thermal_sha256"])
        original = first_with.setdefault(pair, row["key"])
        if original != row["key"] and not _protected(row):
            gone[row["key"]] = Duplicate(original, "exact", 0)
    if max_bits < 0 or not ordered:
        return gone
    hashes = np.array([[row[name] for name in HASHES] for row in ordered], dtype=np.uint64)
    for firsts, seconds in close_pairs(hashes, max_bits):
        for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
            kept, copy = ordered[first], ordered[second]
            if kept["key"] in gone or copy["key"] in gone or _protected(copy):
                continue
            if kept["group"] == copy["group"]:
                continue
            bits = int(np.bitwise_count(hashes[first] ^ hashes[second]).sum())
            gone[copy["key"]] = Duplicate(kept["key"], "near", bits)
    return gone


def _protected(row: Mapping[str, Any]) -> bool:
    return row["split"] != "train" and row["split_source"] == "layout"
