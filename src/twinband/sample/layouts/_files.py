"""Files of the kinds that layouts are made of; equal content gives equal bytes."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband import images

JPEG_QUALITY = 95


def write_bytes(path: Path, data: bytes) -> None:
    """A file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_png(path: Path, pixels: NDArray[np.generic]) -> None:
    """``H,W``, ``H,W,3`` RGB or ``H,W,4`` RGBA, uint8 or uint16."""
    write_bytes(path, images.encode_png(pixels))


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """JPEG bytes of ``H,W`` (one channel) or ``H,W,3`` RGB, in the quality of a camera."""
    return images.encode_jpeg(pixels, JPEG_QUALITY)


def write_jpeg(path: Path, pixels: NDArray[np.uint8]) -> None:
    """``H,W`` (one channel) or ``H,W,3`` RGB."""
    write_bytes(path, encode_jpeg(pixels))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A text file, each line ended."""
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file; floats are written so that they read back exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
