"""Folders that are called by splits: honoured, or refused with what to do."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import scan, write_image, write_text
from twinband.core.errors import InputError
from twinband.ingest.dataset import open_layout
from twinband.ingest.split_words import SPLIT_WORDS, split_of_word

LEVEL: dict[str, Any] = {"rgb": "*/Visible/*.png", "thermal": "*/Infrared/*.png"}


def write_pair(root: Path, rgb: str, thermal: str) -> None:
    write_image(root / rgb)
    write_image(root / thermal, channels=1)


def write_folders(root: Path, *folders: str) -> None:
    for folder in folders:
        for number in (1, 2):
            write_pair(root, f"{folder}/Visible/{number}.png", f"{folder}/Infrared/{number}.png")


def splits_of(root: Path, **options: Any) -> dict[str, str]:
    entries, _ = scan("paired_folders", root, **options)
    return {name: entry.split for name, entry in entries.items()}


OF_MORE = ["Train", "TEST", "Validation", "train2017", "test_set", "TrainingSet", "val-images"]


@pytest.mark.parametrize("word", [*SPLIT_WORDS, *OF_MORE])
def test_a_folder_of_any_word_is_a_split(tmp_path: Path, word: str) -> None:
    other = "test" if split_of_word(word) == "train" else "train"
    write_folders(tmp_path, word, other)
    splits = splits_of(tmp_path, **LEVEL)
    assert splits == {
        f"{folder}/{number}": split_of_word(folder) for folder in (word, other) for number in (1, 2)
    }
    assert splits_of(tmp_path, **LEVEL, split_level=1) == splits
    assert set(splits_of(tmp_path, **LEVEL, split_level=-1).values()) == {""}


@pytest.mark.parametrize(
    ("rgb", "thermal", "source"),
    [
        ("Visible/*/*.png", "Infrared/*/*.png", "folder (level 1)"),
        ("a_*/Visible/*.png", "a_*/Infrared/*.png", "folder (level 1)"),
        ("Visible/*_*.png", "Infrared/*_*.png", "folder (level 1)"),
        ("*/*/Visible/*.png", "*/*/Infrared/*.png", "folder (level 2)"),
        ("**/Visible/*.png", "**/Infrared/*.png", "folder (test, train)"),
        ("?/Visible/*.png", "?/Infrared/*.png", "folder (test, train)"),
        ("*/*/*_v.png", "*/*/*_t.png", "folder (level 1)"),
    ],
)
def test_any_level_may_name_the_split(tmp_path: Path, rgb: str, thermal: str, source: str) -> None:
    for number, split in enumerate(("train", "train", "test")):
        level = int(source[-2]) - 1 if source[-2].isdigit() else 0
        parts = ["s1"] * level + [split] + ["s2", f"n{number}"]
        stars = rgb.replace("**", "*").replace("?", "*").count("*")
        own = [*parts[: stars - 1], f"n{number}"]
        files = []
        for pattern in (rgb, thermal):
            path = pattern.replace("**", "*").replace("?", "*")
            for part in own:
                path = path.replace("*", part, 1)
            files.append(path)
        write_pair(tmp_path, files[0], files[1])
    layout = open_layout("paired_folders", str(tmp_path), {"rgb": rgb, "thermal": thermal})
    entries = sorted(layout.scan(), key=lambda item: item.files["rgb"][-7:])
    found = {item.files["rgb"]: getattr(item, "split", None) for item in entries}
    assert found == {path: "test" if "test" in path else "train" for path in found}
    assert len(found) == 3 and layout.split_source == source


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (("train", "test", "video"), "level 1 is called test, train, but also video"),
        (("train", "extra"), "split_level=1"),
        (("Test", "set00", "set01"), "split_level=-1"),
        (("val", "held-out"), "quarantined"),
    ],
)
def test_folders_that_are_splits_in_part_are_refused(
    tmp_path: Path, folders: tuple[str, ...], said: str
) -> None:
    write_folders(tmp_path, *folders)
    with pytest.raises(InputError) as caught:
        splits_of(tmp_path, **LEVEL)
    assert said in str(caught.value)
    entries, problems = scan("paired_folders", tmp_path, **LEVEL, split_level=1)
    assert all(entry.split == split_of_word(name.split("/")[0]) for name, entry in entries.items())
    assert {problem.reason for problem in problems.values()} == {"unknown_split"}
    assert len(entries) + len(problems) == 2 * len(folders)


def test_two_levels_that_say_different_things_are_refused(tmp_path: Path) -> None:
    for outer, inner in (("train", "test"), ("test", "train"), ("train", "train")):
        write_folders(tmp_path, f"{outer}/{inner}")
    patterns = {"rgb": "*/*/Visible/*.png", "thermal": "*/*/Infrared/*.png"}
    with pytest.raises(InputError, match="different things"):
        splits_of(tmp_path, **patterns)
    assert splits_of(tmp_path, **patterns, split_level=2)["train/test/1"] == "test"


def test_a_pattern_or_a_folder_around_everything_names_the_split_too(tmp_path: Path) -> None:
    write_folders(tmp_path, "test")
    literal = {"rgb": "test/Visible/*.png", "thermal": "test/Infrared/*.png"}
    assert set(splits_of(tmp_path, **literal).values()) == {"test"}
    within = {"rgb": "Visible/*.png", "thermal": "Infrared/*.png"}
    assert set(splits_of(tmp_path, **within).values()) == {"test"}


@pytest.mark.parametrize(
    "folders", [("set00", "set01"), ("contest", "trainer"), ("2020", "2021"), ("test1", "test2")]
)
def test_other_folders_are_no_splits(tmp_path: Path, folders: tuple[str, ...]) -> None:
    write_folders(tmp_path, *folders)
    assert set(splits_of(tmp_path, **LEVEL).values()) == {""}


@pytest.mark.parametrize(
    ("reader", "rgb", "thermal"),
    [
        ("llvip", "visible/{}/1.jpg", "infrared/{}/1.jpg"),
        ("vt5000", "{}/RGB/1.jpg", "{}/T/1.jpg"),
        ("class_folders", "18/{}/rgb/car/1.jpg", "18/{}/thermal/car/1.jpg"),
    ],
)
@pytest.mark.parametrize("word", ["train", "Train", "val", "Valid", "validation", "test"])
def test_readers_know_every_word(
    tmp_path: Path, reader: str, rgb: str, thermal: str, word: str
) -> None:
    write_pair(tmp_path, rgb.format(word), thermal.format(word))
    entries, problems = scan(reader, tmp_path)
    assert [entry.split for entry in entries.values()] == [split_of_word(word)]
    assert not problems


@pytest.mark.parametrize("word", ["train", "Val", "validation", "test", "TESTING"])
def test_a_column_of_attributes_sets_the_split(tmp_path: Path, word: str) -> None:
    write_folders(tmp_path, "train", "test")
    write_text(tmp_path / "attributes.csv", f"name,Split,hour\ntrain/1,{word},day\ntest/2,,\n")
    layout = open_layout("paired_folders", str(tmp_path), LEVEL)
    entries = {item.name: item for item in layout.scan()}
    first = entries["train/1"]
    assert (getattr(first, "split", ""), getattr(first, "attributes", {})) == (
        split_of_word(word),
        {"hour": "day"},
    )
    assert getattr(entries["train/2"], "split", "") == "train"
    assert layout.split_source == "folder (level 1), then column split of attributes.csv"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,split\ntrain/1,holdout\n", "the split of train/1 is 'holdout'"),
        ("name;split\ntrain/1;holdout\n", "the split of train/1 is 'holdout'"),
        ("name,split\ntrain/1,0\n", "write one of train, training"),
        ("name,split\n77,test\n78,test\n", "no line names a pair (e.g. '77')"),
        ("name,split\ntrain/1,test\ntrain/1,train\n", "line 3 says otherwise of 'train/1'"),
    ],
)
def test_a_column_of_no_splits_is_refused(tmp_path: Path, table: str, said: str) -> None:
    write_folders(tmp_path, "train", "test")
    write_text(tmp_path / "attributes.csv", table)
    with pytest.raises(InputError) as caught:
        splits_of(tmp_path, **LEVEL)
    assert said in str(caught.value)


def test_a_line_of_attributes_may_name_a_file(tmp_path: Path) -> None:
    write_folders(tmp_path, "a")
    write_text(tmp_path / "attributes.csv", "name,split\n./a/Visible/1.png,test\n1,val\n")
    layout = open_layout("paired_folders", str(tmp_path), LEVEL)
    assert {item.name: getattr(item, "split", "") for item in layout.scan()} == {
        "a/1": "val",
        "a/2": "",
    }
