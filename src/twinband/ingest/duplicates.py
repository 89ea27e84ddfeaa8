"""Which pairs of one dataset are copies of others."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from twinband.ingest.hashes import THUMBNAIL_SIDE, close_pairs, same_everywhere

SPLIT_ORDER = ["test", "val", "train"]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``of`` is the key of the pair that stays; ``kind`` is ``exact`` or ``near``."""

    of: str
    kind: str
    bits: int


def find_duplicates(table: pa.Table, max_bits: int) -> dict[str, Duplicate]:
    """Duplicates among the usable pairs of a manifest, by the key of the copy that goes.

    Exact: equal bytes of both images. Near: perceptual hashes of both images together at most
    ``max_bits`` apart (none for -1), and thumbnails that agree everywhere. Neighbours in one
    sequence are near by nature and left to ``frame_stride``. Of two copies the one in the test
    split stays, then val, then the first by key, so that no copy of a test pair is trained on. A
    test or val pair that the layout itself names is never taken out, since published scores
    count it.
    """
    table = table.filter(pc.equal(table["status"], "ok"))
    rank = pc.index_in(table["split"], pa.array(SPLIT_ORDER))
    order = pc.sort_indices(
        pa.table({"rank": rank, "key": table["key"]}),
        sort_keys=[("rank", "ascending"), ("key", "ascending")],
    )
    table = table.take(order)
    removable = pc.or_(pc.equal(table["split"], "train"), pc.equal(table["split_source"], "hash"))
    may_go = removable.to_numpy()
    keys = table["key"]
    gone: dict[int, Duplicate] = {}
    originals, copies = equal_rows(table)
    equal = may_go[copies]
    originals, copies = originals[equal], copies[equal]
    if max_bits >= 0:
        groups = _codes(table["group"])
        single = np.ones(table.num_rows, dtype=bool)
        single[copies] = False
        hashes, thumbnails = impressions_of(table)
        for firsts, seconds in close_pairs(hashes, max_bits):
            near = may_go[seconds] & (groups[firsts] != groups[seconds])
            near &= single[firsts] & single[seconds]
            near[near] = same_everywhere(thumbnails, firsts[near], seconds[near])
            for first, second in zip(firsts[near].tolist(), seconds[near].tolist(), strict=True):
                if first not in gone and second not in gone:
                    bits = int(np.bitwise_count(hashes[first] ^ hashes[second]).sum())
                    gone[second] = Duplicate(keys[first].as_py(), "near", bits)
    for original, copy in zip(originals.tolist(), copies.tolist(), strict=True):
        stays = Duplicate(keys[original].as_py(), "exact", 0)
        gone[copy] = gone.get(original, stays)  # what an original goes for, its copies go for
    return {keys[row].as_py(): duplicate for row, duplicate in gone.items()}


def impressions_of(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Hashes ``N,2`` and thumbnails ``N,T`` of both images of a manifest's rows."""
    hashes = [table[f"{name}_hash"].to_numpy() for name in ("rgb", "thermal")]
    thumbnails = []
    for name in ("rgb", "thermal"):
        joined = b"".join(table[f"{name}_thumbnail"].to_pylist())
        thumbnails.append(np.frombuffer(joined, np.uint8).reshape(-1, THUMBNAIL_SIDE**2))
    return np.stack(hashes, axis=1), np.concatenate(thumbnails, axis=1)


def equal_rows(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First rows and copies: rows whose both images have the bytes of an earlier row's."""
    codes = _codes(pc.binary_join_element_wise(table["rgb_sha256"], table["thermal_sha256"], ""))
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    original = first[inverse]
    copies = np.flatnonzero(original != np.arange(len(codes)))
    return original[copies], copies


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Equal numbers for equal strings."""
    encoded: NDArray[np.int32] = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return encoded
