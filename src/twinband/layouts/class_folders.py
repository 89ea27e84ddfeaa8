"""Cutting objects out of rendered scenes, and some of what stands between them.

Crops are square, so that an object's proportions do not give its class away.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twinband.sample.classes import scene_id
from twinband.sample.layouts._files import encode_jpeg
from twinband.sample.layouts._job import Job
from twinband.sample.render import Box, Rendered
from twinband.sample.scene import HOURS, generator_of

CLASSES = ("person", "car", "bicycle")
MOST_OF_A_CLASS = 2  # in one scene
LEAST_HEIGHT_PX = 20
MOST_OCCLUSION = 0.35
CONTEXT = 1.3  # side of the square crop over the longer side of the object
MOST_OBJECT_SHARE = 0.03  # of a background crop
TRIES = 20
LEAST_SIDE_PX, MOST_SIDE_PX = 24, 160
VAL_EVERY = 4  # one scene in so many is validated on; four goes round five hours

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Crop:
    """One object with its surroundings; ``rgb`` and ``thermal`` are JPEG bytes."""

    scene: int
    hour: str
    split: str
    box: Box
    rgb: bytes
    thermal: bytes

    @property
    def name(self) -> str:
        """As the reader names it: hour, split, class, and scene with instance."""
        stem = f"{self.scene:05d}_{self.box.instance}"
        return f"{self.hour}/{self.split}/{self.box.name}/{stem}"


def cut_scene(job: Job, index: int) -> list[Crop]:
    """The crops of scene ``index``: of each class the largest two that are fit, largest first,
    and one of what stands between them."""
    hour = HOURS[index % len(HOURS)]
    split = "val" if index % VAL_EVERY == VAL_EVERY - 1 else "train"
    rendered = job.render(index, hour)
    chosen = [pair for name in CLASSES for pair in _fit(job, rendered, name)[:MOST_OF_A_CLASS]]
    sides = [rows.stop - rows.start for _, (rows, _) in chosen]
    chosen += _background(job, index, rendered, sides)
    return [
        Crop(
            index,
            hour,
            split,
            box,
            encode_jpeg(rendered.rgb[window]),
            encode_jpeg(rendered.thermal[window]),
        )
        for box, window in chosen
    ]


def _fit(job: Job, rendered: Rendered, name: str) -> Sequence[tuple[Box, Window]]:
    boxes = [box for box in rendered.boxes if box.name == name and box.occlusion < MOST_OCCLUSION]
    boxes.sort(key=lambda box: (-box.area, box.instance))
    return list(_windows(job, boxes))


def _windows(job: Job, boxes: Sequence[Box]) -> Iterator[tuple[Box, Window]]:
    for box in boxes:
        x1, y1, x2, y2 = box.xyxy
        is_cut = x1 <= 0 or y1 <= 0 or x2 >= job.width or y2 >= job.height
        side = max(math.ceil(CONTEXT * max(x2 - x1, y2 - y1)), LEAST_SIDE_PX)
        if not is_cut and y2 - y1 >= LEAST_HEIGHT_PX and side <= min(MOST_SIDE_PX, job.height):
            yield box, _square((x1 + x2) / 2, (y1 + y2) / 2, side, job)


def _square(x: float, y: float, side: int, job: Job) -> Window:
    """A square about a point, moved inside the image."""
    left = min(max(round(x - side / 2), 0), job.width - side)
    top = min(max(round(y - side / 2), 0), job.height - side)
    return slice(top, top + side), slice(left, left + side)


def _background(
    job: Job, index: int, rendered: Rendered, sides: Sequence[int]
) -> list[tuple[Box, Window]]:
    """A window of one of the objects' sizes that shows hardly any object, if one is found."""
    rng = generator_of("background", job.seed, job.name, index)
    objects = np.isin(rendered.scene_semantics, [scene_id(name) for name in CLASSES])
    for _ in range(TRIES if sides else 0):
        side = sides[int(rng.integers(len(sides)))]
        x, y = rng.uniform(0, job.width), rng.uniform(0.35, 0.9) * job.height
        rows, columns = window = _square(float(x), float(y), side, job)
        if objects[window].mean() <= MOST_OBJECT_SHARE:
            xyxy = (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
            return [(Box(0, "background", xyxy, 0.0, side * side), window)]
    return []
