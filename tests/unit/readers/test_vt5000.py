"""The reader ``vt5000``."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.layouts import pixels, scan, write_image
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_dataset, open_layout


def write_pair(folder: Path, stem: str) -> None:
    write_image(folder / f"RGB/{stem}.jpg")
    write_image(folder / f"T/{stem}.jpg", channels=1)
    write_image(folder / f"GT/{stem}.png", channels=1, seed=7)


def test_train_and_test_are_splits_and_may_hold_equal_stems(tmp_path: Path) -> None:
    write_pair(tmp_path / "Train", "12")
    write_pair(tmp_path / "Test", "12")
    entries, problems = scan("vt5000", tmp_path)
    splits = {name: entry.split for name, entry in entries.items()}
    assert splits == {"Test/12": "test", "Train/12": "train"}
    assert not problems
    assert open_dataset("vt5000", str(tmp_path))[0].key == "test-12"


def test_masks_keep_every_grey_level(tmp_path: Path) -> None:
    write_pair(tmp_path, "0001")
    pair = open_dataset("vt5000", str(tmp_path))[0]
    assert pair.split == ""
    assert np.array_equal(pair.labels["saliency"], pixels(1, 7))
    layout = open_layout("vt5000", str(tmp_path), {})
    assert check_pair(layout, pair.entry).row["labels"] == ["saliency"]


@pytest.mark.parametrize(
    ("gone", "looked_for"), [("RGB/2.jpg", "Train/RGB/2.jpg"), ("T/2.jpg", "Train/T/2.jpg")]
)
def test_missing_images_are_named(tmp_path: Path, gone: str, looked_for: str) -> None:
    write_pair(tmp_path / "Train", "1")
    write_pair(tmp_path / "Train", "2")
    (tmp_path / "Train" / gone).unlink()
    _, problems = scan("vt5000", tmp_path)
    assert problems["Train/2"].reason == "missing_partner"
    assert looked_for in problems["Train/2"].detail


def test_a_mask_is_optional_and_alone_it_is_left_out(tmp_path: Path) -> None:
    write_pair(tmp_path, "1")
    (tmp_path / "GT/1.png").unlink()
    write_image(tmp_path / "GT/2.png", channels=1)
    entries, problems = scan("vt5000", tmp_path)
    assert list(entries["1"].files) == ["rgb", "thermal"]
    assert not problems


def test_pairs_without_a_mask_are_counted(tmp_path: Path) -> None:
    for stem in "123":
        write_pair(tmp_path, stem)
    (tmp_path / "GT/2.png").unlink()
    layout = open_layout("vt5000", str(tmp_path), {})
    assert len(list(layout.scan())) == 3
    assert "pairs without a mask: 1 (e.g. 2)" in layout.remarks
