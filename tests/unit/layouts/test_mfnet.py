"""The sample world in the layout of MFNet."""

from collections.abc import Callable

import pytest

from tests.made.written import Sample
from twinband.layouts.mfnet import SPLITS, hour_of


@pytest.fixture
def written(sample: Callable[[str], Sample]) -> Sample:
    return sample("mfnet")


def test_images_and_labels_are_as_rendered(written: Sample) -> None:
    for name, pair in written.pairs.items():
        rendered = written.rendered(int(name[:5]) - 1, pair.labels["hour"])
        assert (pair.rgb == rendered.rgb).all()
        assert (pair.thermal == rendered.thermal).all()
        assert (pair.labels["semantics"] == rendered.semantics).all()


def test_names_tell_day_from_night(written: Sample) -> None:
    for name, hour in written.hours().items():
        assert name.endswith("N" if hour in ("dusk", "night") else "D")


def test_lists_split_half_a_quarter_and_a_quarter(written: Sample) -> None:
    lists = {split: written.lines(f"{split}.txt") for split in ("train", "val", "test")}
    assert {split: len(names) for split, names in lists.items()} == {
        "train": 6,
        "val": 3,
        "test": 3,
    }
    assert {name: pair.split for name, pair in written.pairs.items()} == {
        name: split for split, names in lists.items() for name in names
    }
    by_hour = {letter: [n for n in lists["test"] if n.endswith(letter)] for letter in "DN"}
    assert all(by_hour.values())
    assert written.lines("test_day.txt") == by_hour["D"]
    assert written.lines("test_night.txt") == by_hour["N"]


def test_every_split_has_every_hour_equally() -> None:
    placed = [(SPLITS[index % len(SPLITS)], hour_of(index)) for index in range(40)]
    shares = {place: placed.count(place) for place in placed}
    assert len(shares) == 15
    assert {split for split, _ in shares} == {"train", "val", "test"}
    assert all(count == (4 if split == "train" else 2) for (split, _), count in shares.items())
