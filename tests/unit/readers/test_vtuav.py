"""The reader ``vtuav``."""

from pathlib import Path

import pytest

from tests.made.layouts import scan
from tests.made.tracking import write_vtuav
from twinband.ingest.dataset import open_dataset, open_layout


def boxes_by_frame(root: Path) -> dict[int, float]:
    """The number of the line by the frame that it is of."""
    pairs = open_dataset("vtuav", str(root))
    found = {pair.entry.frame: pair.labels.get("target_rgb") for pair in pairs}
    return {frame: box[0] for frame, box in found.items() if box}


@pytest.mark.parametrize("first", [0, 1, 57])
def test_each_tenth_frame_has_a_box(tmp_path: Path, first: int) -> None:
    write_vtuav(tmp_path, "train_ST_001/car_001", range(first, first + 25))
    assert boxes_by_frame(tmp_path) == {0: 1.0, 10: 2.0, 20: 3.0}
    [labels] = [pair.labels for pair in open_dataset("vtuav", str(tmp_path))[10:11]]
    assert labels["target_thermal"] == [2.0, 2.0, 7.0, 8.0]


def test_a_box_for_each_frame_is_read_too(tmp_path: Path) -> None:
    write_vtuav(tmp_path, "test_ST/car_001", range(5), lines=5)
    assert boxes_by_frame(tmp_path) == {frame: frame + 1.0 for frame in range(5)}


@pytest.mark.parametrize("lost", [{3}, {10}, {3, 4, 5, 17}, {9, 11}])
def test_lost_frames_shift_no_box(tmp_path: Path, lost: set[int]) -> None:
    write_vtuav(tmp_path, "train_ST_001/car_001", [n for n in range(25) if n not in lost])
    layout = open_layout("vtuav", str(tmp_path), {})
    list(layout.scan())
    assert layout.remarks == []
    pairs = open_dataset("vtuav", str(tmp_path))
    found = {p.sources["rgb"][-6:-4]: p.labels.get("target_rgb", [0])[0] for p in pairs}
    expected = {f"{n:02d}": n // 10 + 1 if n % 10 == 0 else 0 for n in range(25) if n not in lost}
    assert found == expected


@pytest.mark.parametrize(
    ("place", "group", "split"),
    [
        ("train_ST_004/car_001", "train_ST/car_001", "train"),
        ("train_LT_001/car_001", "train_LT/car_001", "train"),
        ("test_ST_001/car_001", "test_ST/car_001", "test"),
        ("test_ST/test_ST_001/car_001", "test_ST/car_001", "test"),
        ("test_LT/car_001", "test_LT/car_001", "test"),
        ("train/car_001", "train/car_001", "train"),
        ("train_data/train_ST_001/car_001", "train_ST/car_001", "train"),
        ("car_001", "car_001", ""),
    ],
)
def test_parts_name_kinds_and_splits(tmp_path: Path, place: str, group: str, split: str) -> None:
    write_vtuav(tmp_path, place, range(2))
    entries, problems = scan("vtuav", tmp_path)
    assert not problems
    assert [(entry.group, entry.split) for entry in entries.values()] == [(group, split)] * 2


def test_sequences_of_two_parts_are_taken_once_and_told(tmp_path: Path) -> None:
    names = ("pedestrian_040", "pedestrian_042", "pedestrian_043")
    for part in ("train_ST_004", "train_ST_006"):
        for name in names:
            write_vtuav(tmp_path, f"{part}/{name}", range(2))
    write_vtuav(tmp_path, "train_ST_006/car_133", range(2))
    write_vtuav(tmp_path, "test_ST_001/pedestrian_040", range(2))
    layout = open_layout("vtuav", str(tmp_path), {})
    groups = {getattr(item, "group", "?") for item in layout.scan()}
    assert groups == {
        "test_ST/pedestrian_040",
        "train_ST/car_133",
        *(f"train_ST/{name}" for name in names),
    }
    [remark] = layout.remarks
    assert remark.startswith("sequences that stand in two folders, left out of one: 3 (")
    assert all(f"train_ST_006/{name}" in remark for name in names)
    assert not layout.untaken


def test_of_two_copies_the_fuller_one_stays(tmp_path: Path) -> None:
    write_vtuav(tmp_path, "train_ST_004/pedestrian_040", range(2))
    write_vtuav(tmp_path, "train_ST_006/pedestrian_040", range(4))
    entries, _ = scan("vtuav", tmp_path)
    assert len(entries) == 4
    assert all(entry.files["rgb"].startswith("train_ST_006/") for entry in entries.values())
