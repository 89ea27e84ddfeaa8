"""Duplicates among the pairs of a dataset: hashes to find copies, thumbnails to make sure."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SIDE = 32
THUMBNAIL_SIDE = 16
NO_THUMBNAIL = bytes(THUMBNAIL_SIDE**2)
THUMBNAIL_TOLERANCE = 12  # grey levels
LEAST_SPAN_COUNTS = 64.0  # of 16-bit thermal
BLOCK_ROWS, BLOCK_COLUMNS = 512, 16384  # 64 MiB of 64-bit words
MOST_FOUND = 1 << 22  # pairs of one block, 64 MiB
SPLIT_ORDER = ["test", "val", "train"]  # of two copies the first of these stays


@dataclass(frozen=True, slots=True)
class Impression:
    """Hash and thumbnail of an image, by which copies of it are recognised.

    Attributes:
        hash: 64-bit DCT hash, quick to compare.
        thumbnail: ``THUMBNAIL_SIDE`` squared grey levels, row by row, to make sure.
    """

    hash: int
    thumbnail: bytes


def impression_of(grey: NDArray[np.generic]) -> Impression:
    """Compute the impression of ``H,W`` grey pixels, 8 or 16 bits.

    The hash holds the signs of the 8x8 lowest frequencies about their median (the constant term
    left out), row by row from the highest bit; it is 0 for an image without contrast.
    """
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    if grey.dtype != np.uint8:
        low, high = np.percentile(small, (2, 98))  # one hot or dead pixel must not matter
        span = max(float(high - low), LEAST_SPAN_COUNTS)  # nor the noise of a flat scene
        small = np.clip((small - low) * np.float32(255 / span), 0, 255)
    half = SIDE // THUMBNAIL_SIDE
    blocks = small.reshape(THUMBNAIL_SIDE, half, THUMBNAIL_SIDE, half).mean(axis=(1, 3))
    thumbnail = np.rint(blocks).astype(np.uint8).tobytes()
    if float(small.std()) < 0.5:
        return Impression(0, thumbnail)
    frequencies = cv2.dct(small)[:8, :8].ravel()
    bits = frequencies > np.median(frequencies[1:])
    bits[0] = False
    return Impression(int.from_bytes(np.packbits(bits).tobytes(), "big"), thumbnail)


def same_everywhere(
    thumbnails: NDArray[np.uint8], firsts: NDArray[np.int64], seconds: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell if rows ``firsts`` and ``seconds`` of ``N,T`` thumbnails agree in every place.

    A fixed camera gives images with one hash in which other people walk about; those differ by
    tens of levels somewhere, recompressed or resized copies by a few.
    """
    agree = np.empty(len(firsts), dtype=bool)
    for begin in range(0, len(firsts), BLOCK_COLUMNS):
        part = slice(begin, begin + BLOCK_COLUMNS)
        one, other = thumbnails[firsts[part]], thumbnails[seconds[part]]
        difference = np.maximum(one, other) - np.minimum(one, other)
        agree[part] = difference.max(axis=1) <= THUMBNAIL_TOLERANCE
    return agree


def close_pairs(
    hashes: NDArray[np.uint64], max_bits: int, gone: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Find all pairs ``i < j`` of rows of ``N,2`` hashes that differ in at most ``max_bits`` bits.

    Yields arrays of ``i`` and ``j``, blocks of rows in order. Every pair is compared: exact, and
    10^5 samples take seconds. Where most are alike, as frames of a covered lens, blocks get fewer
    rows, so that memory stays the same.

    Args:
        gone: ``N``, rows to leave out; the caller may mark more of them meanwhile.
    """
    blocks = [
        (begin, min(begin + BLOCK_ROWS, len(hashes))) for begin in range(0, len(hashes), BLOCK_ROWS)
    ]
    blocks.reverse()
    while blocks:
        begin, end = blocks.pop()
        rows = begin + np.flatnonzero(~gone[begin:end])
        found = _close_to(hashes, rows, max_bits, gone)
        if found is None:
            middle = (begin + end) // 2
            blocks += [(middle, end), (begin, middle)]
        else:
            yield found


def _close_to(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], max_bits: int, gone: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Pair each of some rows with later ones; None if too many are found to be held at once."""
    firsts, seconds = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    number = 0
    for begin in range(int(rows[0]) if rows.size else len(hashes), len(hashes), BLOCK_COLUMNS):
        columns = begin + np.flatnonzero(~gone[begin : begin + BLOCK_COLUMNS])
        distance = np.bitwise_count(hashes[rows, None, 0] ^ hashes[None, columns, 0])
        distance += np.bitwise_count(hashes[rows, None, 1] ^ hashes[None, columns, 1])
        close = (distance <= max_bits) & (columns > rows[:, None])
        number += int(np.count_nonzero(close))
        if number > MOST_FOUND and len(rows) > 1:
            return None
        first, second = np.nonzero(close)
        firsts.append(rows[first])
        seconds.append(columns[second])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    order = np.lexsort((second, first))
    return first[order], second[order]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Copy of the pair with the key ``of``, which stays; ``kind`` is ``exact`` or ``near``."""

    of: str
    kind: str
    bits: int


def find_duplicates(table: pa.Table, max_bits: int) -> dict[str, Duplicate]:
    """Find duplicates among the usable pairs of a manifest, by the key of the copy that goes.

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
        out = ~single
        for firsts, seconds in close_pairs(hashes, max_bits, out):
            near = may_go[seconds] & (groups[firsts] != groups[seconds])
            near[near] = same_everywhere(thumbnails, firsts[near], seconds[near])
            for first, second in zip(firsts[near].tolist(), seconds[near].tolist(), strict=True):
                if first not in gone and second not in gone:
                    bits = int(np.bitwise_count(hashes[first] ^ hashes[second]).sum())
                    gone[second] = Duplicate(keys[first].as_py(), "near", bits)
                    out[second] = True
    for original, copy in zip(originals.tolist(), copies.tolist(), strict=True):
        stays = Duplicate(keys[original].as_py(), "exact", 0)
        gone[copy] = gone.get(original, stays)  # what an original goes for, its copies go for
    return {keys[row].as_py(): duplicate for row, duplicate in gone.items()}


def impressions_of(table: pa.Table) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Collect hashes ``N,2`` and thumbnails ``N,T`` of both images of a manifest's rows.

    Absent thermal images are all alike, so that the RGB images alone decide.
    """
    hashes = [pc.fill_null(table[f"{name}_hash"], 0).to_numpy() for name in ("rgb", "thermal")]
    thumbnails = []
    for name in ("rgb", "thermal"):
        joined = b"".join(own or NO_THUMBNAIL for own in table[f"{name}_thumbnail"].to_pylist())
        thumbnails.append(np.frombuffer(joined, np.uint8).reshape(-1, THUMBNAIL_SIDE**2))
    return np.stack(hashes, axis=1), np.concatenate(thumbnails, axis=1)


def equal_rows(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find rows whose both images have the bytes of an earlier row's: first rows, and copies."""
    codes = _codes(pc.binary_join_element_wise(table["rgb_sha256"], table["thermal_sha256"], ""))
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    original = first[inverse]
    copies = np.flatnonzero(original != np.arange(len(codes)))
    return original[copies], copies


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Give equal numbers to equal strings."""
    encoded: NDArray[np.int32] = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return encoded
