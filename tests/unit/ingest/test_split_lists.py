"""Lists of splits: a line may name its pair in any common form."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text

OPTIONS = {
    "rgb": "images/visible/*.jpg",
    "thermal": "images/infrared/*.jpg",
    "split_files": "{split}.txt",
}
FORMS: dict[str, Callable[[str], str]] = {
    "name": lambda n: n,
    "file": lambda n: f"{n}.jpg",
    "relative": lambda n: f"images/visible/{n}.jpg",
    "of-thermal": lambda n: f"images/infrared/{n}.jpg",
    "dotted": lambda n: f"./images/visible/{n}.jpg",
    "climbing": lambda n: f"../flir/images/visible/{n}.jpg",
    "absolute": lambda n: f"/somewhere/else/flir/images/visible/{n}.jpg",
    "backslashes": lambda n: f"images\\visible\\{n}.jpg",
    "drive": lambda n: f"C:\\data\\flir\\images\\infrared\\{n}.jpg",
    "shorter": lambda n: f"visible/{n}.jpg",
    "other-folders": lambda n: f"/data/JPEGImages/{n}.jpeg",
    "capitals": lambda n: f"images/visible/{n}.JPG",
    "labels": lambda n: f"labels/{n}.txt",
    "annotation": lambda n: f"Annotations/{n}.xml",
    "flags": lambda n: f"{n}  1",
    "boxes": lambda n: f"images/visible/{n}.jpg 10,20,30,40,0 5,6,7,8,1",
    "two-columns": lambda n: f"images/visible/{n}.jpg,images/infrared/{n}.jpg",
    "tab": lambda n: f"images/visible/{n}.jpg\t3",
    "quoted": lambda n: f'"images/visible/{n}.jpg"',
    "blanks": lambda n: f"  {n}  ",
}


def write_pairs(root: Path, *names: str) -> None:
    for name in names:
        write_image(root / f"images/visible/{name}.jpg")
        write_image(root / f"images/infrared/{name}.jpg", channels=1)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_of_any_form_names_its_pair(tmp_path: Path, form: str, end: str) -> None:
    write_pairs(tmp_path, "000", "001", "002")
    for split, names in {"train": ("000", "001"), "test": ("002",)}.items():
        text = "".join(f"{FORMS[form](name)}{end}" for name in names)
        write_text(tmp_path / f"{split}.txt", f"# pairs{end}{end}{text}")
    entries, problems = scan("paired_folders", tmp_path, **OPTIONS)
    assert {name: entry.split for name, entry in entries.items()} == {
        "000": "train",
        "001": "train",
        "002": "test",
    }
    assert not problems


@pytest.mark.parametrize(
    ("pattern", "file", "split"),
    [
        ("{split}.txt", "valid.txt", "val"),
        ("{split}.txt", "Train.txt", "train"),
        ("{split}.txt", "TESTING.txt", "test"),
        ("{split}_rgb.txt", "training_rgb.txt", "train"),
        ("lists/{split}", "lists/validation", "val"),
        ("./lists/{split}.txt", "lists/test.txt", "test"),
        ("lists\\{split}.txt", "lists/test.txt", "test"),
        ("{split}/{split}.txt", "val/val.txt", "val"),
        ("a(1)_{split}.txt", "a(1)_train.txt", "train"),
        ("lists/{split}-all-*.txt", "lists/test-all-20.txt", "test"),
        ("?_{split}.txt", "align_val.txt", "val"),
        ("", "ImageSets/Main/test.txt", "test"),
        ("", "ImageSets/val.txt", "val"),
        ("", "train.txt", "train"),
    ],
)
def test_lists_are_found_by_the_words_of_splits(
    tmp_path: Path, pattern: str, file: str, split: str
) -> None:
    write_pairs(tmp_path, "000")
    write_text(tmp_path / file, "000\n")
    entries, _ = scan("paired_folders", tmp_path, **{**OPTIONS, "split_files": pattern})
    assert entries["000"].split == split


def write_levels(root: Path, *names: str) -> None:
    for name in names:
        folder, _, stem = name.rpartition("/")
        write_image(root / f"{folder}/visible/{stem}.jpg")
        write_image(root / f"{folder}/lwir/{stem}.jpg", channels=1)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("set00/V000/I1", "set00/V000/I1"),
        ("set00/V000/visible/I1.jpg", "set00/V000/I1"),
        ("/kaist/set01/V000/lwir/I1.jpg", "set01/V000/I1"),
        ("set01_V000_I1", "set01/V000/I1"),
        ("V000/I1", ""),
        ("I1", ""),
        ("set05/V000/I1", ""),
        ("/kaist/set05/V000/visible/I1.jpg", ""),
    ],
)
def test_a_line_that_may_mean_two_pairs_means_none(tmp_path: Path, line: str, named: str) -> None:
    write_levels(tmp_path, "set00/V000/I1", "set01/V000/I1")
    write_text(tmp_path / "test.txt", f"{line}\n")
    patterns = {"rgb": "*/*/visible/*.jpg", "thermal": "*/*/lwir/*.jpg"}
    entries, problems = scan("paired_folders", tmp_path, **patterns, split_files="{split}.txt")
    assert [name for name, entry in entries.items() if entry.split] == ([named] if named else [])
    assert [p.reason for p in problems.values()] == ([] if named else ["listed_but_missing"])
    assert all("set00/V000/visible/I1.jpg" in p.detail for p in problems.values())


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("set00", {"set00/V000/I1", "set00/V001/I1"}),
        ("set00/V001", {"set00/V001/I1"}),
        ("./set01/", {"set01/V000/I1"}),
        ("set00/V001 12", {"set00/V001/I1"}),
        ("set0", set()),
    ],
)
def test_a_line_may_name_a_whole_sequence(tmp_path: Path, line: str, named: set[str]) -> None:
    write_levels(tmp_path, "set00/V000/I1", "set00/V001/I1", "set01/V000/I1")
    write_text(tmp_path / "test.txt", f"{line}\n")
    patterns = {"rgb": "*/*/visible/*.jpg", "thermal": "*/*/lwir/*.jpg"}
    entries, _ = scan("paired_folders", tmp_path, **patterns, split_files="{split}.txt")
    assert {name for name, entry in entries.items() if entry.split == "test"} == named


def test_of_two_lists_test_counts_before_val_before_train(tmp_path: Path) -> None:
    write_pairs(tmp_path, "000", "001")
    write_text(tmp_path / "train.txt", "images/visible/000.jpg\n001\n")
    write_text(tmp_path / "val.txt", "./images/infrared/000.jpg\n001\n")
    write_text(tmp_path / "test.txt", "000\n")
    entries, _ = scan("paired_folders", tmp_path, **OPTIONS)
    assert [entry.split for entry in entries.values()] == ["test", "val"]


@pytest.mark.parametrize("reader", ["roadscene", "llvip", "vt5000", "rgbt234"])
def test_lists_count_with_every_reader(tmp_path: Path, reader: str) -> None:
    folders = {
        "roadscene": ("crop_LR_visible", "cropinfrared"),
        "vt5000": ("RGB", "T"),
        "llvip": ("visible/train", "infrared/train"),
        "rgbt234": ("walk/visible", "walk/infrared"),
    }[reader]
    for number in (1, 2):
        write_image(tmp_path / folders[0] / f"{number}.jpg", seed=number)
        write_image(tmp_path / folders[1] / f"{number}.jpg", channels=1, seed=number)
    write_text(tmp_path / "test.txt", f"{folders[0]}/2.jpg\n")
    entries, problems = scan(reader, tmp_path)
    expected = ["train", "train"] if reader == "llvip" else ["", "test"]
    assert [entry.split for entry in entries.values()] == expected
    assert not problems
