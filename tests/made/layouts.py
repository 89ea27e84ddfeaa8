"""Tiny datasets on disk, and what a reader makes of them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from twinband.ingest.dataset import open_layout
from twinband.ingest.layout import Entry, Problem

WIDTH, HEIGHT = 32, 24


def pixels(channels: int, seed: int = 0) -> NDArray[np.uint8]:
    """``24,32`` or ``24,32,C`` uint8 of noise."""
    shape = (HEIGHT, WIDTH) if channels == 1 else (HEIGHT, WIDTH, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_image(path: Path, channels: int = 3, seed: int = 0) -> Path:
    """An image of noise in the format that the suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(channels, seed)).save(path)
    return path


def write_pixels(path: Path, values: NDArray[Any]) -> None:
    """An image of given pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def write_text(path: Path, text: str) -> None:
    """A text file, its line ends as given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_voc(path: Path, boxes: list[tuple[str, tuple[float, float, float, float]]]) -> None:
    """VOC XML of boxes in an image of 32x24 px."""
    objects = "".join(
        f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin>"
        f"<ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for name, (x1, y1, x2, y2) in boxes
    )
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    write_text(path, f"<annotation>{size}{objects}</annotation>")


def scan(reader: str, root: Path, **options: Any) -> tuple[dict[str, Entry], dict[str, Problem]]:
    """Pairs and problems by name."""
    found = list(open_layout(reader, str(root), options).scan())
    assert [item.name for item in found] == sorted(item.name for item in found)
    entries = {item.name: item for item in found if isinstance(item, Entry)}
    problems = {item.name: item for item in found if isinstance(item, Problem)}
    assert len(entries) + len(problems) == len(found)
    return entries, problems
