"""The reader ``paired_folders``."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.layouts import pixels, scan, write_image, write_text, write_voc
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_dataset

KAIST: dict[str, Any] = {"rgb": "images/*/*/visible/*.jpg", "thermal": "images/*/*/lwir/*.jpg"}
FLIR: dict[str, Any] = {
    "rgb": "JPEGImages/*_RGB.jpg",
    "thermal": "JPEGImages/*_PreviewData.jpeg",
    "split_files": "align_{split}.txt",
}


def write_kaist(root: Path, *names: str) -> None:
    for name in names:
        folder, _, stem = name.rpartition("/")
        write_image(root / f"images/{folder}/visible/{stem}.jpg")
        write_image(root / f"images/{folder}/lwir/{stem}.jpg", channels=1)


def write_flir(root: Path, *numbers: str) -> None:
    for number in numbers:
        write_image(root / f"JPEGImages/FLIR_{number}_RGB.jpg")
        write_image(root / f"JPEGImages/FLIR_{number}_PreviewData.jpeg", channels=1)


def test_captures_name_the_pair_and_its_sequence(tmp_path: Path) -> None:
    names = ["set00/V000/I00001", "set00/V000/I00019", "set00/V001/I00001"]
    write_kaist(tmp_path, *names)
    entries, problems = scan("paired_folders", tmp_path, **KAIST, group_levels=2)
    assert not problems
    assert list(entries) == names
    assert [(entry.group, entry.frame) for entry in entries.values()] == [
        ("set00/V000", 0),
        ("set00/V000", 1),
        ("set00/V001", 0),
    ]
    ungrouped, _ = scan("paired_folders", tmp_path, **KAIST)
    assert {(entry.group, entry.frame) for entry in ungrouped.values()} == {("", 0)}


def test_frames_are_numbered_in_natural_order(tmp_path: Path) -> None:
    write_kaist(tmp_path, *(f"s/v/{number}" for number in (1, 2, 10)))
    entries, _ = scan("paired_folders", tmp_path, **KAIST, group_levels=2)
    assert {name: e.frame for name, e in entries.items()} == {"s/v/1": 0, "s/v/2": 1, "s/v/10": 2}


def test_a_star_stays_within_one_level(tmp_path: Path) -> None:
    write_kaist(tmp_path, "set00/V000/I00001", "set00/V000/deep/I00002")
    entries, problems = scan("paired_folders", tmp_path, **KAIST)
    assert list(entries) == ["set00/V000/I00001"]
    assert not problems


def test_pairs_are_found_by_name_and_not_by_position(tmp_path: Path) -> None:
    write_flir(tmp_path, "00002", "00004")
    write_image(tmp_path / "JPEGImages/FLIR_00001_RGB.jpg")
    write_image(tmp_path / "JPEGImages/FLIR_00003_PreviewData.jpeg")
    entries, problems = scan("paired_folders", tmp_path, **FLIR)
    assert list(entries) == ["FLIR_00002", "FLIR_00004"]
    assert list(problems) == ["FLIR_00001", "FLIR_00003"]
    assert "JPEGImages/FLIR_00001_PreviewData.jpeg" in problems["FLIR_00001"].detail
    assert "JPEGImages/FLIR_00003_RGB.jpg" in problems["FLIR_00003"].detail


def test_lists_may_name_a_pair_or_one_of_its_files(tmp_path: Path) -> None:
    write_flir(tmp_path, "00001", "00002", "00003")
    write_text(tmp_path / "align_train.txt", "FLIR_00001_PreviewData\r\nFLIR_00002\r\n\r\n")
    write_text(tmp_path / "align_validation.txt", "FLIR_00003_RGB.jpg\nFLIR_00009_PreviewData\n")
    entries, problems = scan("paired_folders", tmp_path, **FLIR)
    assert [entry.split for entry in entries.values()] == ["train", "train", "val"]
    assert problems["FLIR_00009_PreviewData"].reason == "listed_but_missing"


def test_of_two_patterns_the_one_with_more_letters_wins(tmp_path: Path) -> None:
    write_image(tmp_path / "a.jpg")
    write_image(tmp_path / "a_ir.jpg", channels=1)
    entries, problems = scan("paired_folders", tmp_path, rgb="*.jpg", thermal="*_ir.jpg")
    assert not problems
    assert entries["a"].files == {"rgb": "a.jpg", "thermal": "a_ir.jpg"}


def test_labels_follow_patterns_too(tmp_path: Path) -> None:
    write_image(tmp_path / "Vis/1.png")
    write_image(tmp_path / "Ir/1.png", channels=1)
    write_image(tmp_path / "Label/1.png", channels=1, seed=3)
    write_voc(tmp_path / "Annotation/1.xml", [("Car", (1, 2, 3, 4))])
    options = {"semantics": "Label/*.png", "boxes": "Annotation/*.xml", "voc_one_based": True}
    pair = open_dataset(
        "paired_folders", str(tmp_path), rgb="Vis/*.png", thermal="Ir/*.png", **options
    )[0]
    assert np.array_equal(pair.labels["semantics"], pixels(1, 3))
    box = {"class": "Car", "xyxy": [0.0, 1.0, 3.0, 4.0], "difficult": False}
    assert pair.labels["boxes"] == [box]
    assert "saliency" not in pair.labels


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rgb": "a/*.jpg"}, "thermal: missing"),
        ({"rgb": "a/*.jpg", "thermal": "b/*/*.jpg"}, "same number of *"),
        ({"rgb": "a.jpg", "thermal": "b.jpg"}, "same number of *"),
        ({"rgb": "a/*.jpg", "thermal": "a/*.jpg"}, "equal"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "group_levels": 1}, "group_levels"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "split_files": "x.txt"}, "{split}"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "normals": "c/*.png"}, "unknown parameter"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "boxes_thermal": "c/*.xml"}, "the second of two"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "kaist": "*.t", "yolo": "*.u"}, "same label"),
    ],
)
def test_inconsistent_options_are_refused(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParamsError) as caught:
        open_dataset("paired_folders", str(tmp_path), **options)
    assert said in str(caught.value)


def test_the_message_names_the_patterns(tmp_path: Path) -> None:
    write_flir(tmp_path, "00001")
    with pytest.raises(InputError, match=r"images/\*/\*/visible/\*\.jpg"):
        scan("paired_folders", tmp_path, **KAIST)


def test_symbols_of_expressions_in_patterns_are_plain_letters(tmp_path: Path) -> None:
    write_image(tmp_path / "v(1)/x+y.jpg")
    write_image(tmp_path / "i[1]/x+y.jpg", channels=1)
    entries, _ = scan("paired_folders", tmp_path, rgb="v(1)/*.jpg", thermal="i[1]/*.jpg")
    assert list(entries) == ["x+y"]


@pytest.mark.parametrize("classes", ["person, car", ["person", "car"]])
def test_yolo_files_are_boxes(tmp_path: Path, classes: Any) -> None:
    write_image(tmp_path / "vi/1.png")
    write_image(tmp_path / "ir/1.png", channels=1)
    write_text(tmp_path / "txt/1.txt", "1 0.5 0.5 0.5 0.5\n")
    options = {"yolo": "txt/*.txt", "yolo_classes": classes}
    [pair] = open_dataset(
        "paired_folders", str(tmp_path), rgb="vi/*.png", thermal="ir/*.png", **options
    )
    box = {"class": "car", "xyxy": [8.0, 6.0, 24.0, 18.0], "difficult": False}
    assert pair.labels["boxes"] == [box]


TEXT = {"kaist": "person {x} {y} 4 6 0 0 0 0 0 0 0\n", "yolo": "0 {u} {v} 0.125 0.25\n"}


@pytest.mark.parametrize("form", ["boxes", "kaist", "yolo"])
def test_two_lists_a_pair_are_matched(tmp_path: Path, form: str) -> None:
    write_image(tmp_path / "vi/1.png")
    write_image(tmp_path / "ir/1.png", channels=1)
    for folder, places in (("a", [(2, 3)]), ("b", [(20, 10), (4, 3)])):
        if form == "boxes":
            voc = [("person", (1.0 * x, 1.0 * y, x + 4.0, y + 6.0)) for x, y in places]
            write_voc(tmp_path / f"{folder}/1.txt", voc)
        else:
            lines = (TEXT[form].format(x=x, y=y, u=(x + 2) / 32, v=(y + 3) / 24) for x, y in places)
            write_text(tmp_path / f"{folder}/1.txt", "".join(lines))
    options = {form: "a/*.txt", "boxes_thermal": "b/*.txt", "yolo_classes": "person"}
    [pair] = open_dataset(
        "paired_folders", str(tmp_path), rgb="vi/*.png", thermal="ir/*.png", **options
    )
    assert list(pair.labels) == ["boxes"]
    both, single = pair.labels["boxes"]
    assert both["rgb_xyxy"] == [2.0, 3.0, 6.0, 9.0]
    assert both["thermal_xyxy"] == [4.0, 3.0, 8.0, 9.0]
    assert both["xyxy"] == [2.0, 3.0, 8.0, 9.0] and "single" not in both
    assert single["single"] == "thermal" and single["xyxy"] == [20.0, 10.0, 24.0, 16.0]


def test_one_list_of_kaist_counts_from_one_if_that_is_said(tmp_path: Path) -> None:
    write_kaist(tmp_path, "set00/V000/I1")
    write_text(tmp_path / "annotations/set00/V000/I1.txt", "person? 1 1 4 6 1 0 0 0 0 0 0\n")
    options = {**KAIST, "kaist": "annotations/*/*/*.txt", "voc_one_based": True}
    [pair] = open_dataset("paired_folders", str(tmp_path), **options)
    [box] = pair.labels["boxes"]
    assert (box["class"], box["xyxy"]) == ("person?", [0.0, 0.0, 4.0, 6.0])
    assert box["difficult"] and box["occlusion"] == 1
