"""What the renderer knows of each pair beyond the layout, below ``truth/``: no reader reads it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinband.sample.layouts._files import write_lines, write_png, write_table
from twinband.sample.layouts._job import Job
from twinband.sample.render import Box, Rendered

DEPTH_LEVELS_PER_M = 256
MATRIX_CELLS = [f"h{row}{column}" for row in range(3) for column in range(3)]


@dataclass(frozen=True, slots=True)
class Written:
    """A pair on disk, by the name that the layout's reader gives it."""

    name: str
    hour: str
    boxes: tuple[Box, ...]


def write_truth(job: Job, name: str, rendered: Rendered) -> Written:
    """Depth, instances and semantics of the whole scene, on the grid of the RGB image.

    Depth is 16-bit, 1/256 m a level, at most 255.996 m; 0 is sky and nothing else.
    """
    levels = np.clip(np.rint(rendered.depth * DEPTH_LEVELS_PER_M), 1, np.iinfo(np.uint16).max)
    depth = np.where(rendered.depth > 0, levels, 0).astype(np.uint16)
    truth: dict[str, NDArray[np.generic]] = {
        "depth": depth,
        "instances": rendered.instances,
        "semantics": rendered.scene_semantics,
    }
    for kind, pixels in truth.items():
        write_png(job.root / "truth" / kind / f"{name}.png", pixels)
    return Written(name, rendered.hour, rendered.boxes)


def write_facts(job: Job, written: Sequence[Written]) -> None:
    """``attributes.csv``, which readers read, and ``truth/boxes.json``, a line a pair."""
    write_hours(job, ((pair.name, pair.hour) for pair in written))
    lines = [
        f"{json.dumps(pair.name)}:{json.dumps(_boxes(pair), separators=(',', ':'))}"
        for pair in sorted(written, key=lambda pair: pair.name)
    ]
    write_lines(job.root / "truth/boxes.json", ["{", *_with_commas(lines), "}"])


def write_hours(job: Job, hours: Iterable[tuple[str, str]]) -> None:
    """``attributes.csv``: name and hour of each pair."""
    write_table(job.root / "attributes.csv", ["name", "hour"], sorted(hours))


def write_homographies(job: Job, rows: Iterable[tuple[str, bool, NDArray[np.float64]]]) -> None:
    """``truth/homographies.csv``: of each pair the map from thermal to RGB pixels.

    Args:
        job: the dataset.
        rows: name, whether the pair is aligned (1 or 0 in the file), and the ``3,3`` matrix.
    """
    write_table(
        job.root / "truth/homographies.csv",
        ["name", "aligned", *MATRIX_CELLS],
        ([name, int(aligned), *matrix.ravel().tolist()] for name, aligned, matrix in rows),
    )


def _boxes(pair: Written) -> list[dict[str, object]]:
    return [
        {
            "class": box.name,
            "instance": int(box.instance),
            "occlusion": float(box.occlusion),
            "xyxy": [float(corner) for corner in box.xyxy],
        }
        for box in sorted(pair.boxes, key=lambda box: box.instance)
    ]


def _with_commas(lines: Sequence[str]) -> list[str]:
    return [f"{line}," for line in lines[:-1]] + list(lines[-1:])
