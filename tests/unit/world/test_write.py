"""What holds for every layout: readers read all of it, and its bytes depend on little."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made.written import LAYOUTS, Sample
from twinband.world.scene import HOURS

IMAGES = {".png", ".jpg", ".jpeg", ".xml"}
Written = Callable[[str], Sample]


@pytest.fixture(params=LAYOUTS)
def written(request: pytest.FixtureRequest, sample: Written) -> Sample:
    return sample(request.param)


def test_the_reader_finds_every_pair(written: Sample) -> None:
    assert not written.dataset.problems
    assert len(written.dataset) == written.count
    for pair in written.dataset:
        assert pair.rgb.shape == (*pair.thermal.shape, 3)
        assert not any(path.startswith("truth/") for path in pair.sources.values())
        if written.layout != "class_folders":
            assert pair.thermal.shape == written.size[::-1]


def test_hours_come_from_the_attributes(written: Sample) -> None:
    hours = written.hours()
    assert list(hours) == sorted(written.pairs)
    assert set(hours.values()) <= set(HOURS)
    assert {name: pair.labels["hour"] for name, pair in written.pairs.items()} == hours


def test_workers_change_no_byte(written: Sample, tmp_path: Path) -> None:
    other = Sample(written.layout, tmp_path, written.count).write(workers=2)
    assert other.tree() == written.tree()


def test_growth_changes_no_image(written: Sample, tmp_path: Path) -> None:
    fewer = Sample(written.layout, tmp_path, written.count - 7).write()
    assert len(fewer.dataset) == fewer.count
    grown = written.tree()
    images = {p: data for p, data in fewer.tree().items() if Path(p).suffix in IMAGES}
    assert {path: grown.get(path) for path in images} == images
    assert {(n, p.split) for n, p in fewer.pairs.items()} <= {
        (n, p.split) for n, p in written.pairs.items()
    }


def test_progress_ends_with_the_count(written: Sample, tmp_path: Path) -> None:
    seen: list[int] = []
    Sample(written.layout, tmp_path, 3).write(progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 3


def test_an_unknown_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="kaist"):
        Sample("kaist", tmp_path, 1).write()
