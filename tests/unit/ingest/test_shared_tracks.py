"""Lists of boxes of sequences, with the patterns of ``paired_folders``."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import scan, write_image, write_text
from tests.made.tracking import boxes, corners, write_gtot, write_rgbt234
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_dataset, open_layout

RGBT234: dict[str, Any] = {
    "rgb": "*/visible/*v.jpg",
    "thermal": "*/infrared/*i.jpg",
    "group_levels": 1,
    "tracks": "*/visible.txt",
    "tracks_thermal": "*/infrared.txt",
}
GTOT: dict[str, Any] = {
    "rgb": "*/v/*v.png",
    "thermal": "*/i/*i.png",
    "group_levels": 1,
    "tracks": "*/groundTruth_v.txt",
    "tracks_thermal": "*/groundTruth_i.txt",
    "track_form": "xyxy",
}


def lines(root: Path, **options: Any) -> dict[str, int | None]:
    """The line of the box on RGB, by the name of the pair."""
    pairs = open_dataset("paired_folders", str(root), **options)
    found = {pair.entry.name: pair.labels.get("target_rgb") for pair in pairs}
    return {name: round(box[0]) if box else None for name, box in found.items()}


@pytest.mark.parametrize(
    ("reader", "write", "options"),
    [("rgbt234", write_rgbt234, RGBT234), ("gtot", write_gtot, GTOT)],
)
def test_patterns_give_the_boxes_that_the_reader_gives(
    tmp_path: Path, reader: str, write: Any, options: dict[str, Any]
) -> None:
    for name, count in (("walk", 11), ("bike", 3)):
        write(tmp_path, name, count)
    own = [dict(pair.labels) for pair in open_dataset(reader, str(tmp_path))]
    by_patterns = open_dataset("paired_folders", str(tmp_path), **options)
    assert [dict(pair.labels) for pair in by_patterns] == own
    assert own[2] == {"target_rgb": [3, 3, 8, 9], "target_thermal": [3, 3, 8, 9]}


@pytest.mark.parametrize(
    ("lost_rgb", "lost_thermal", "count", "expected"),
    [
        ([], [], 6, [1, 2, 3, 4, 5, 6]),
        ([], [3], 6, [1, 2, 4, 5, 6]),
        ([3], [], 6, [1, 2, 4, 5, 6]),
        ([3], [], 5, [1, 2, 3, 4, 5]),  # a line for each RGB image
        ([3], [4], 6, [1, 2, 5, 6]),
        ([3], [3], 6, [1, 2, 4, 5, 6]),
        ([1, 2], [1, 2], 6, [3, 4, 5, 6]),
        ([2, 3, 5, 6], [2, 3, 5, 6], 6, [1, 4]),
        ([], [], 4, [1, 2, 3, 4, None, None]),
    ],
)
def test_a_lost_frame_shifts_no_box(
    tmp_path: Path,
    lost_rgb: list[int],
    lost_thermal: list[int],
    count: int,
    expected: list[int | None],
) -> None:
    for n in range(1, 7):
        if n not in lost_rgb:
            write_image(tmp_path / f"walk/visible/{n:05d}v.jpg", seed=n)
        if n not in lost_thermal:
            write_image(tmp_path / f"walk/infrared/{n:05d}i.jpg", channels=1, seed=n)
    write_text(tmp_path / "walk/visible.txt", boxes(count))
    options = {key: value for key, value in RGBT234.items() if key != "tracks_thermal"}
    assert list(lines(tmp_path, **options).values()) == expected


def test_sequences_of_two_levels_have_lists_of_two(tmp_path: Path) -> None:
    for name in ("day/a", "night/a"):
        for n in (1, 2):
            write_image(tmp_path / f"{name}/rgb/{n}.png", seed=n)
            write_image(tmp_path / f"{name}/ir/{n}.png", channels=1, seed=n)
    write_text(tmp_path / "gt/night-a.txt", corners(2, ","))
    options = {"rgb": "*/*/rgb/*.png", "thermal": "*/*/ir/*.png", "group_levels": 2}
    found = lines(tmp_path, **options, tracks="gt/*-*.txt", track_form="xyxy")
    assert found == {"day/a/1": None, "day/a/2": None, "night/a/1": 1, "night/a/2": 2}


@pytest.mark.parametrize(
    "options",
    [
        {"group_levels": 0},
        {"tracks": "visible.txt"},
        {"tracks": "*/*/visible.txt"},
        {"tracks_thermal": "infrared.txt"},
        {"track_form": "corners"},
    ],
)
def test_lists_need_the_levels_of_a_sequence(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ParamsError):
        open_layout("paired_folders", str(tmp_path), {**RGBT234, **options})


def test_lists_that_are_not_there_or_of_nothing_are_told(tmp_path: Path) -> None:
    write_rgbt234(tmp_path, "walk")
    write_text(tmp_path / "gone/visible.txt", boxes(3))
    layout = open_layout("paired_folders", str(tmp_path), {**RGBT234, "tracks_thermal": "*/ir.txt"})
    list(layout.scan())
    assert layout.remarks == [
        "no list of boxes is like */ir.txt",
        "lists of boxes without frames: 1 (e.g. of gone)",
    ]


def test_a_list_that_cannot_be_read_costs_no_images(tmp_path: Path) -> None:
    write_rgbt234(tmp_path, "walk")
    write_text(tmp_path / "walk/visible.txt", "\0")
    entries, problems = scan("paired_folders", tmp_path, **RGBT234)
    assert len(entries) == 3 and [p.reason for p in problems.values()] == ["not_text"]
    with pytest.raises(InputError, match=r"walk/visible\.txt"):
        scan("paired_folders", tmp_path, **RGBT234, strict_labels=True)
