"""The sample world in the layout of LLVIP."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.made.written import Sample, alike
from twinband.layouts.llvip import annotation, name_of, split_of
from twinband.world.render import Box
from twinband.world.write import Job, whole_pixels


@pytest.fixture
def written(sample: Callable[[str], Sample]) -> Sample:
    return sample("llvip")


def test_people_of_enough_pixels_are_annotated(written: Sample) -> None:
    annotated = 0
    for index in range(written.count):
        pair = written.pairs[name_of(index)]
        rendered = written.rendered(index, pair.labels["hour"])
        assert alike(pair.rgb, rendered.rgb)
        assert alike(pair.thermal, rendered.thermal)
        people = [box for box in rendered.boxes if box.name == "person" and box.area >= 24]
        boxes = pair.labels["boxes"]
        assert len(boxes) == len(people)
        for box, person in zip(boxes, people, strict=True):
            assert box["class"] == "person"
            assert box["xyxy"] == pytest.approx(person.xyxy, abs=1)
            assert all(corner.is_integer() for corner in box["xyxy"])
        annotated += len(boxes)
    assert annotated


def test_thermal_files_have_one_channel(written: Sample) -> None:
    assert written.image("infrared/train/010001.jpg").ndim == 2


def test_no_place_is_trained_and_tested_on() -> None:
    places: dict[str, set[str]] = {"train": set(), "test": set()}
    names = [name_of(index) for index in range(200)]
    assert len(set(names)) == 200
    for index, name in enumerate(names):
        places[split_of(index)].add(name[:2])
    assert len(places["train"]) == 15
    assert len(places["test"]) == 5
    assert not places["train"] & places["test"]


def test_splits_and_hours(written: Sample) -> None:
    assert [pair.split for pair in written.pairs.values()].count("test") == 3
    hours = list(written.hours().values())
    assert hours.count("night") + hours.count("dusk") > len(hours) / 2


def test_an_annotation_is_as_labelimg_writes_it(tmp_path: Path) -> None:
    job = Job(tmp_path, count=1, seed=0, name="x", width=96, height=72)
    people = [
        Box(3, "person", (0.0, 4.5, 8.2, 30.0), 0.0, 90),
        Box(4, "person", (40.0, 4.0, 48.0, 30.0), 0.0, 90),
    ]
    top = ElementTree.fromstring(annotation(job, "010001", people))
    assert top.findtext("filename") == "010001.jpg"
    assert [top.findtext(f"size/{side}") for side in ("width", "height", "depth")] == [
        "96",
        "72",
        "3",
    ]
    assert [item.text for item in top.findall("object/truncated")] == ["1", "0"]
    corners = [[item.text for item in box] for box in top.findall("object/bndbox")]
    assert corners == [["0", "4", "9", "30"], ["40", "4", "48", "30"]]
    assert whole_pixels(people[0]) == (0, 4, 9, 30)
