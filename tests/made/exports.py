"""A small dataset with every kind of label, ingested and registered, and its truth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.made.layouts import write_pixels, write_text
from tests.made.raw_pairs import encoded, ingest_folder, write
from tests.made.registered_pairs import register_pairs, shift, unshifted
from tests.made.scenes import scene

WIDTH, HEIGHT = 160, 120
SPLITS = ("train", "val", "test")
Box = tuple[float, float, float, float]
# Of the numbers of pairs: classes and boxes; no entry is a pair that nobody labelled.
BOXES: Mapping[int, list[tuple[str, Box, bool]]] = {
    0: [("person", (3.5, 4.25, 20.125, 30.0), False), ("car", (30, 8, 60, 44), False)],
    1: [],
    2: [("bicycle", (10, 10, 21, 33.3), True), ("person", (0, 0, 160, 120), False)],
    3: [("car", (1, 2, 3, 4), False)],
    4: [("person", (7, 8, 9.9, 10.1), False)],
}
OPTIONS: Mapping[str, str] = {
    "rgb": "*/rgb/*.jpg",
    "thermal": "*/thermal/*.png",
    "boxes": "*/boxes/*.xml",
    "semantics": "*/semantics/*.png",
}


def split_of(number: int) -> str:
    """Name the split of a pair."""
    return SPLITS[number % 3]


def pixels_of(number: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Make an RGB image and a thermal one, of 16 bits in every second pair."""
    rgb, thermal = scene(number, WIDTH, HEIGHT)
    return rgb, thermal.astype(np.uint16) * 150 + 7000 if number % 2 else thermal


def write_raw(root: Path, count: int = 6, apart: int = 0, strange: bool = False) -> Path:
    """Write the raw files: splits are folders, boxes are VOC XML.

    Args:
        apart: pixels by which thermal lies beside RGB.
        strange: thermal shows another scene.
    """
    for number in range(count):
        folder = root / split_of(number)
        rgb, thermal = pixels_of(number)
        thermal = pixels_of(number + 100)[1] if strange else unshifted(thermal, apart, 0)
        write(folder / f"rgb/{number:03d}.jpg", encoded(rgb))
        write_pixels(folder / f"thermal/{number:03d}.png", thermal)
        write_pixels(
            folder / f"semantics/{number:03d}.png",
            (scene(number + 50, WIDTH, HEIGHT)[1] % 5).astype(np.uint8),
        )
        if number in BOXES:
            write_text(folder / f"boxes/{number:03d}.xml", _voc(BOXES[number]))
    return root


def make_registered(
    base: Path, *, apart: int = 0, strange: bool = False, count: int = 6, **settings: Any
) -> None:
    """Make ``base/pairs`` and ``base/registered``; arguments as of ``write_raw``.

    Thermal that lies beside RGB is brought onto it by a supplied transform.
    """
    raw = write_raw(base / "raw", count, apart, strange)
    ingest_folder(raw, base, reader="paired_folders", options=dict(OPTIONS))
    supplied = {"*": shift(apart, 0)} if apart else {}
    register_pairs(base, supplied=supplied, aligned=not (apart or strange), **settings)


def _voc(boxes: list[tuple[str, Box, bool]]) -> str:
    objects = "".join(
        f"<object><name>{name}</name><difficult>{int(difficult)}</difficult><bndbox>"
        f"<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for name, (x1, y1, x2, y2), difficult in boxes
    )
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
    return f"<annotation>{size}{objects}</annotation>"
