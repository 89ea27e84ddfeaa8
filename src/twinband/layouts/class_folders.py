"""Layout of crops in folders by hour, split, modality and class, such as those cut from FLIR.

Crops are square, so that an object's proportions do not give its class away. They are chosen
evenly from a stream of scenes, in an order that growth does not change.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twinband.core.errors import InputError
from twinband.world.classes import scene_id
from twinband.world.render import Box, Rendered
from twinband.world.scene import HOURS, generator_of
from twinband.world.truth import write_hours
from twinband.world.write import ForEach, Job, encode_jpeg, write_bytes, write_table

CLASSES = ("person", "car", "bicycle")
MOST_OF_A_CLASS = 2  # in one scene
LEAST_HEIGHT_PX = 20  # of an object
MOST_OCCLUSION = 0.35
CONTEXT = 1.3  # side of the square crop over the longer side of the object
MOST_OBJECT_SHARE = 0.03  # of a background crop
TRIES = 20
LEAST_SIDE_PX, MOST_SIDE_PX = 24, 160
VAL_EVERY = 4  # one scene in four is for validation; four goes round five hours

Window = tuple[slice, slice]
CROPS_A_SCENE = 3  # chosen on average
ROUND = len(HOURS)  # scenes, one of each hour
MOST_SCENES_A_CROP = 4
HEADER = ["name", "scene", "x1", "y1", "x2", "y2", "occlusion"]


@dataclass(frozen=True, slots=True)
class ObjectCrop:
    """One object with its surroundings; ``rgb`` and ``thermal`` are JPEG bytes."""

    scene: int
    hour: str
    split: str
    box: Box
    rgb: bytes
    thermal: bytes

    @property
    def name(self) -> str:
        """Name as the reader gives it: hour, split, class, and scene with instance."""
        stem = f"{self.scene:05d}_{self.box.instance}"
        return f"{self.hour}/{self.split}/{self.box.name}/{stem}"


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``HOUR/{train,val}/{rgb,thermal}/CLASS/``, and ``truth/crops.csv``.

    Scenes are rendered in rounds until there are enough crops.

    Raises:
        InputError: the scenes hold too few objects that are large enough.
    """
    crops = choose(job, for_each)
    for crop in crops:
        write_crop(job, crop)
    write_hours(job, ((crop.name, crop.hour) for crop in crops))
    rows = [(c.name, c.scene, *map(float, c.box.xyxy), float(c.box.occlusion)) for c in crops]
    write_table(job.root / "truth/crops.csv", HEADER, sorted(rows))


def choose(job: Job, for_each: ForEach) -> Sequence[ObjectCrop]:
    """Choose the first ``job.count`` crops of a sequence that depends on seed and name only."""
    balance = Balance()
    scenes = 0
    while (missing := job.count - len(balance.taken)) > 0:
        if scenes > MOST_SCENES_A_CROP * job.count + ROUND:
            raise InputError(
                f"{job.name}: {scenes} scenes of {job.width}x{job.height} px gave only "
                f"{len(balance.taken)} of {job.count} crops, since few objects are "
                f"{LEAST_HEIGHT_PX} px high; raise sample_world.datasets.{job.name}.width_px and "
                "height_px"
            )
        rounds = -(-missing // (CROPS_A_SCENE * ROUND))
        crops = for_each(cut_scene, range(scenes, scenes + rounds * ROUND), CROPS_A_SCENE)
        for first in range(0, len(crops), ROUND):
            balance.add(crops[first : first + ROUND])
        scenes += len(crops)
    return balance.taken[: job.count]


def write_crop(job: Job, crop: ObjectCrop) -> None:
    """Write both images; the suffixes differ, as in the crops cut from FLIR."""
    hour, split, label, stem = crop.name.split("/")
    folder = job.root / hour / split
    write_bytes(folder / f"rgb/{label}/{stem}.jpg", crop.rgb)
    write_bytes(folder / f"thermal/{label}/{stem}.jpeg", crop.thermal)


class Balance:
    """A choice of crops, one by one, each from the hour and class with the fewest so far.

    After every round of scenes, the crops taken are brought to ``CROPS_A_SCENE`` of each scene
    seen. So the n-th crop depends on the rounds before it and not on the number asked for.

    Attributes:
        taken: the crops in the order in which they were chosen.
    """

    def __init__(self) -> None:
        self.taken: list[ObjectCrop] = []
        self._scenes = 0
        self._waiting: dict[tuple[str, str, str], deque[ObjectCrop]] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, scenes: Sequence[Iterable[ObjectCrop]]) -> None:
        """Add a round: the crops of some further scenes."""
        self._scenes += len(scenes)
        for crop in (crop for crops in scenes for crop in crops):
            cell = (crop.split, crop.hour, crop.box.name)
            self._waiting.setdefault(cell, deque()).append(crop)
        while len(self.taken) < CROPS_A_SCENE * self._scenes and self._waiting:
            self._take()

    def _take(self) -> None:
        cell = min(self._waiting, key=self._rank)
        self.taken.append(self._waiting[cell].popleft())
        if not self._waiting[cell]:
            del self._waiting[cell]
        split, hour, name = cell
        self._counts.update([cell, (split, hour), (split, name), (split,)])

    def _rank(self, cell: tuple[str, str, str]) -> tuple[int | str, ...]:
        """Rank a cell, least first: val while it has too few, then the emptiest hour and class."""
        split, hour, name = cell
        val_is_behind = len(self.taken) >= VAL_EVERY * (self._counts["val",] + 1) - 1
        return (
            val_is_behind != (split == "val"),
            self._counts[cell],
            self._counts[split, name],
            self._counts[split, hour],
            HOURS.index(hour),
            name,
        )


def cut_scene(job: Job, index: int) -> list[ObjectCrop]:
    """Cut the crops of scene ``index``: of each class the largest two that are fit, largest
    first, and one of the background."""
    hour = HOURS[index % len(HOURS)]
    split = "val" if index % VAL_EVERY == VAL_EVERY - 1 else "train"
    rendered = job.render(index, hour)
    chosen = [pair for name in CLASSES for pair in _fit(job, rendered, name)[:MOST_OF_A_CLASS]]
    sides = [rows.stop - rows.start for _, (rows, _) in chosen]
    chosen += _background(job, index, rendered, sides)
    return [
        ObjectCrop(
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
    """Lay a square about a point, moved inside the image."""
    left = min(max(round(x - side / 2), 0), job.width - side)
    top = min(max(round(y - side / 2), 0), job.height - side)
    return slice(top, top + side), slice(left, left + side)


def _background(
    job: Job, index: int, rendered: Rendered, sides: Sequence[int]
) -> list[tuple[Box, Window]]:
    """Cut a window of one of the objects' sizes with hardly any object in it; none if all tries
    fail."""
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
