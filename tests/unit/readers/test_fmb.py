"""The reader ``fmb``."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import checked, fmb, grey, ids, member, remarks, rgb, write_set
from tests.made.layouts import scan, write_text


def test_folders_name_the_splits_and_labels_keep_their_ids(tmp_path: Path) -> None:
    write_set(tmp_path, fmb("train/"), fmb("test/", "00002"))
    entries, problems = scan("fmb", tmp_path)
    assert {n: e.split for n, e in entries.items()} == {
        "train/00001": "train",
        "test/00002": "test",
    }
    assert not problems
    pair = checked("fmb", tmp_path, "train/00001")
    assert np.array_equal(member(pair, "rgb.png"), rgb())
    assert np.array_equal(member(pair, "thermal.png"), grey())
    assert np.array_equal(member(pair, "semantics.png"), ids(15))


def test_flat_folders_take_their_splits_from_lists(tmp_path: Path) -> None:
    write_set(tmp_path, fmb("", "00001"), fmb("", "00002"), fmb("", "00003"))
    write_text(tmp_path / "train.txt", "00001.png\r\nVisible/00002.png\r\n")
    write_text(tmp_path / "test.txt", "00003\n00009\n")
    entries, problems = scan("fmb", tmp_path)
    assert {name: entry.split for name, entry in entries.items()} == {
        "00001": "train",
        "00002": "train",
        "00003": "test",
    }
    assert {p.name: p.reason for p in problems.values()} == {"00009": "listed_but_missing"}


@pytest.mark.parametrize("folder", ["color", "Label_color", "Label/color"])
def test_labels_for_the_eye_are_left_alone_and_told(tmp_path: Path, folder: str) -> None:
    write_set(tmp_path, fmb(), {f"train/{folder}/00001.png": rgb(3)})
    assert checked("fmb", tmp_path, "train/00001").row["labels"] == ["semantics"]
    said = remarks("fmb", tmp_path)
    assert "images of this layout that are not read: " in said and "fit no pattern" not in said


def test_an_id_beyond_the_classes_is_told(tmp_path: Path) -> None:
    write_set(tmp_path, {**fmb(), "train/Label/00001.png": ids(16)})
    assert "unknown ids [15]" in checked("fmb", tmp_path, "train/00001").notes["label_dropped"]
