"""Ground truth of each pair, written below ``truth/`` (no reader reads it)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.world.render import Box, Rendered
from twinband.world.write import Job, write_lines, write_png, write_table

Image = TypeVar("Image", NDArray[np.uint8], NDArray[np.uint16])
MAX_DEGREES = 1.2
MAX_SCALE = 0.025
MAX_SHIFT = 0.03  # of the width
MAX_PERSPECTIVE = 0.01  # change of scale across the image
DEPTH_LEVELS_PER_M = 256
MATRIX_CELLS = [f"h{row}{column}" for row in range(3) for column in range(3)]


@dataclass(frozen=True, slots=True)
class WrittenPair:
    """A pair on disk, by the name that the layout's reader gives it."""

    name: str
    hour: str
    boxes: tuple[Box, ...]


def write_truth(job: Job, name: str, rendered: Rendered) -> WrittenPair:
    """Write depth, instances and semantics of the whole scene, on the grid of the RGB image.

    Depth is 16-bit, 1/256 m a level, at most 255.996 m; 0 is the sky only.
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
    return WrittenPair(name, rendered.hour, rendered.boxes)


def write_facts(job: Job, written: Sequence[WrittenPair]) -> None:
    """Write ``attributes.csv``, which readers read, and ``truth/boxes.json``, a line a pair."""
    write_hours(job, ((pair.name, pair.hour) for pair in written))
    lines = [
        f"{json.dumps(pair.name)}:{json.dumps(_boxes(pair), separators=(',', ':'))}"
        for pair in sorted(written, key=lambda pair: pair.name)
    ]
    write_lines(job.root / "truth/boxes.json", ["{", *_with_commas(lines), "}"])


def write_hours(job: Job, hours: Iterable[tuple[str, str]]) -> None:
    """Write ``attributes.csv``: name and hour of each pair."""
    write_table(job.root / "attributes.csv", ["name", "hour"], sorted(hours))


def write_homographies(job: Job, rows: Iterable[tuple[str, bool, NDArray[np.float64]]]) -> None:
    """Write ``truth/homographies.csv``: the map from thermal to RGB pixels of each pair.

    Args:
        job: the dataset.
        rows: name, aligned or not (1 or 0 in the file), and the ``3,3`` matrix.
    """
    write_table(
        job.root / "truth/homographies.csv",
        ["name", "aligned", *MATRIX_CELLS],
        ([name, int(aligned), *matrix.ravel().tolist()] for name, aligned, matrix in rows),
    )


def sample_homography(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """Draw a homography from thermal pixels to RGB pixels (pixel centres at integers).

    A similarity about the image's middle with a slight perspective; corners move by 3 to 12 px
    on average at 256x192, in proportion at other sizes.
    """
    angle = np.deg2rad(rng.uniform(-MAX_DEGREES, MAX_DEGREES))
    scale = 1 + rng.uniform(-MAX_SCALE, MAX_SCALE)
    direction = rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(0.4, 1.0) * MAX_SHIFT * width
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    tilt = rng.uniform(-MAX_PERSPECTIVE, MAX_PERSPECTIVE, 2) / width
    moved = np.array(
        [
            [cos, -sin, shift * np.cos(direction)],
            [sin, cos, shift * np.sin(direction)],
            [tilt[0], tilt[1], 1],
        ]
    )
    to_middle = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1]])
    homography = np.linalg.inv(to_middle) @ moved @ to_middle
    normalised: NDArray[np.float64] = homography / homography[2, 2]
    return normalised


def warp_thermal(thermal: Image, homography: NDArray[np.float64]) -> Image:
    """Warp ``thermal`` as a misaligned camera sees it: its pixel ``p`` shows the aligned image at
    ``H p``.

    The border is repeated, since a real camera goes on seeing beyond the aligned one's frame.
    """
    size = (thermal.shape[1], thermal.shape[0])
    warped: Image = cv2.warpPerspective(
        thermal, homography, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return warped


def _boxes(pair: WrittenPair) -> list[dict[str, object]]:
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
