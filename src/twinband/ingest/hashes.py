"""Perceptual hashes, and finding pairs of them that lie close together."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 32
BLOCK_ROWS, BLOCK_COLUMNS = 512, 16384  # 64 MiB of 64-bit words


def perceptual_hash(grey: NDArray[np.generic]) -> int:
    """64-bit DCT hash of ``H,W`` grey pixels: the signs of the 8x8 lowest frequencies about
    their median (the constant term left out), row by row from the highest bit.

    An image without contrast has the hash 0.
    """
    small = cv2.resize(grey.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if float(small.std()) < 0.5:
        return 0
    low = cv2.dct(small)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    bits[0] = False
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def close_pairs(
    hashes: NDArray[np.uint64], max_bits: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All pairs ``i < j`` of rows of ``N,2`` hashes that differ in at most ``max_bits`` bits.

    Yields arrays of ``i`` and ``j``, blocks of rows in order. Every pair is compared: exact, in
    constant memory, and 10^5 samples take seconds.
    """
    count = len(hashes)
    for row in range(0, count, BLOCK_ROWS):
        rows = hashes[row : row + BLOCK_ROWS, None]
        found = []
        for column in range(row, count, BLOCK_COLUMNS):
            columns = hashes[None, column : column + BLOCK_COLUMNS]
            distance = np.bitwise_count(rows[..., 0] ^ columns[..., 0])
            distance += np.bitwise_count(rows[..., 1] ^ columns[..., 1])
            first, second = np.nonzero(distance <= max_bits)
            found.append(np.stack([first + row, second + column]))
        first, second = np.concatenate(found, axis=1)
        later = second > first
        first, second = first[later], second[later]
        order = np.lexsort((second, first))
        yield first[order], second[order]
