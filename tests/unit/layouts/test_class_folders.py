"""The sample world as crops in folders."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.made.written import SEED, Sample, alike
from twinband.core.errors import InputError
from twinband.layouts.class_folders import CLASSES, Balance, ObjectCrop, _square, choose
from twinband.world.render import Box
from twinband.world.scene import HOURS
from twinband.world.write import Job


@pytest.fixture
def written(sample: Callable[[str], Sample]) -> Sample:
    return sample("class_folders")


def crop(scene: int, name: str, instance: int) -> ObjectCrop:
    box = Box(instance, name, (1.0, 1.0, 30.0, 30.0), 0.0, 800)
    split = "val" if scene % 4 == 3 else "train"
    return ObjectCrop(scene, HOURS[scene % 5], split, box, b"", b"")


def rich(scene: int) -> list[ObjectCrop]:
    names = ("person", "person", "car", "car", "bicycle", "bicycle")
    return [crop(scene, name, instance) for instance, name in enumerate(names, start=1)]


def test_crops_are_squares_around_what_they_show(written: Sample) -> None:
    rows = {row["name"]: row for row in written.table("truth/crops.csv")}
    assert list(rows) == sorted(written.pairs)
    for name, pair in written.pairs.items():
        rendered = written.rendered(int(rows[name]["scene"]), pair.labels["hour"])
        side, columns_there = pair.thermal.shape
        assert side == columns_there
        assert 24 <= side <= 160
        match = cv2.matchTemplate(rendered.rgb, pair.rgb, cv2.TM_SQDIFF)
        left, top = cv2.minMaxLoc(match)[2]
        window = (slice(top, top + side), slice(left, left + side))
        assert alike(pair.rgb, rendered.rgb[window])
        assert alike(pair.thermal, rendered.thermal[window])
        x1, y1, x2, y2 = (float(rows[name][corner]) for corner in ("x1", "y1", "x2", "y2"))
        assert left <= x1 < x2 <= left + side
        assert top <= y1 < y2 <= top + side
        if pair.labels["class"] == "background":
            assert [x2 - x1, y2 - y1] == [side, side]
            objects = {b.instance for b in rendered.boxes if b.name in CLASSES}
            assert np.isin(rendered.instances[window], list(objects)).mean() <= 0.03
        else:
            assert side == max(math.ceil(1.3 * max(x2 - x1, y2 - y1)), 24)


def test_objects_are_whole_tall_and_hardly_hidden(written: Sample) -> None:
    width, height = written.size
    objects = [r for r in written.table("truth/crops.csv") if "/background/" not in r["name"]]
    assert objects
    for row in objects:
        hour, _, name, stem = row["name"].split("/")
        rendered = written.rendered(int(row["scene"]), hour)
        box = next(b for b in rendered.boxes if b.instance == int(stem.split("_")[1]))
        x1, y1, x2, y2 = box.xyxy
        assert box.name == name
        assert [float(row[corner]) for corner in ("x1", "y1", "x2", "y2")] == [x1, y1, x2, y2]
        assert float(row["occlusion"]) == box.occlusion < 0.35
        assert y2 - y1 >= 20
        assert min(x1, y1) > 0
        assert x2 < width
        assert y2 < height


def test_suffixes_differ_and_thermal_has_one_channel(written: Sample) -> None:
    sources = written.dataset[0].sources
    assert sources["rgb"].endswith(".jpg")
    assert sources["thermal"].endswith(".jpeg")
    assert written.image(sources["thermal"]).ndim == 2


def test_a_scene_is_trained_or_validated_on_and_gives_few_crops(written: Sample) -> None:
    rows = written.table("truth/crops.csv")
    splits = {(row["scene"], row["name"].split("/")[1]) for row in rows}
    assert len({scene for scene, _ in splits}) == len(splits)
    assert {split for _, split in splits} == {"train", "val"}
    of_a_class = Counter((row["scene"], row["name"].split("/")[2]) for row in rows)
    assert max(of_a_class.values()) <= 2


@pytest.mark.parametrize(
    ("x", "y", "side", "corner"),
    [(50, 40, 24, (38, 28)), (3, 2, 30, (0, 0)), (95, 70, 30, (66, 42)), (48, 36, 72, (12, 0))],
)
def test_a_square_is_moved_inside_the_image(
    x: float, y: float, side: int, corner: tuple[int, int], tmp_path: Path
) -> None:
    rows, columns = _square(x, y, side, Job(tmp_path, 1, SEED, "x", 96, 72))
    assert (columns.start, rows.start) == corner
    assert (columns.stop - columns.start, rows.stop - rows.start) == (side, side)


def test_plenty_is_balanced_exactly() -> None:
    balance = Balance()
    for first in range(0, 100, 5):
        balance.add([rich(scene) for scene in range(first, first + 5)])
    cells = Counter((c.split, c.hour, c.box.name) for c in balance.taken)
    assert len(balance.taken) == 300
    assert {count for (split, _, _), count in cells.items() if split == "train"} == {15}
    assert {count for (split, _, _), count in cells.items() if split == "val"} == {5}


def test_what_is_rare_is_all_taken_and_the_rest_shared_evenly() -> None:
    balance = Balance()
    for first in range(0, 100, 5):
        scenes = range(first, first + 5)
        balance.add([[c for c in rich(s) if c.box.name != "bicycle" or s == 50] for s in scenes])
    classes = Counter(c.box.name for c in balance.taken)
    assert sum(classes.values()) == 300
    assert classes["bicycle"] == 2
    assert abs(classes["person"] - classes["car"]) <= 4


def test_val_catches_up_once_there_are_crops() -> None:
    balance = Balance()
    balance.add([[] if scene == 3 else rich(scene) for scene in range(5)])
    assert {c.split for c in balance.taken} == {"train"}
    balance.add([rich(scene) for scene in range(5, 10)])
    assert [c.split for c in balance.taken[15:21]] == [*["val"] * 5, "train"]
    for first in range(10, 100, 5):
        balance.add([rich(scene) for scene in range(first, first + 5)])
    assert [c.split for c in balance.taken].count("val") == 75


def test_what_was_chosen_stays_chosen() -> None:
    scenes = [rich(scene)[scene % 3 : 2 + scene % 4] for scene in range(60)]
    fewer, more = Balance(), Balance()
    for first in range(0, 60, 5):
        more.add(scenes[first : first + 5])
        if first < 20:
            fewer.add(scenes[first : first + 5])
    assert len(fewer.taken) < len(more.taken)
    assert more.taken[: len(fewer.taken)] == fewer.taken


def test_scenes_without_objects_are_an_error_with_advice(tmp_path: Path) -> None:
    job = Job(tmp_path, 6, SEED, "sample-crops", 64, 48)
    with pytest.raises(InputError, match=r"sample_world\.datasets\.sample-crops\.width_px"):
        choose(job, lambda function, indices, pairs=1: [[] for _ in indices])  # type: ignore
