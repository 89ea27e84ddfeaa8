"""The reader ``gtav``."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made.image_sets import checked, gtav, ids, member, remarks, train_ids, write_set
from tests.made.layouts import scan, write_text
from twinband.ingest.label_forms.class_ids import LABEL_ID_TO_TRAIN_ID

CLASSES = np.vectorize(LABEL_ID_TO_TRAIN_ID.get)(ids(34))


def test_the_index_of_a_palette_is_the_id(tmp_path: Path) -> None:
    write_set(tmp_path, gtav())
    assert Image.open(tmp_path / "labels/00001.png").mode == "P"
    pair = checked("gtav", tmp_path, "00001")
    assert np.array_equal(member(pair, "semantics.png"), CLASSES)
    assert "label_resized" not in pair.notes


def test_a_label_of_another_size_is_brought_to_its_image_and_told(tmp_path: Path) -> None:
    write_set(tmp_path, gtav())
    label = Image.open(tmp_path / "labels/00001.png").resize((64, 48), Image.Resampling.NEAREST)
    write_set(tmp_path, {"labels/00001.png": label})
    pair = checked("gtav", tmp_path, "00001")
    assert np.array_equal(member(pair, "semantics.png"), CLASSES)
    assert "labels/00001.png: 64 x 48 px" in pair.notes["label_resized"]


@pytest.mark.parametrize("size", [(32, 12), (24, 32), (40, 24)])
def test_a_label_of_another_shape_is_left_out(tmp_path: Path, size: tuple[int, int]) -> None:
    write_set(tmp_path, gtav())
    label = Image.open(tmp_path / "labels/00001.png").resize(size, Image.Resampling.NEAREST)
    write_set(tmp_path, {"labels/00001.png": label})
    pair = checked("gtav", tmp_path, "00001")
    assert pair.row["labels"] == [] and "label_size" in pair.notes["label_dropped"]


@pytest.mark.parametrize("size", [(33, 24), (32, 23), (16, 12)])
def test_nearly_the_same_shape_will_do(tmp_path: Path, size: tuple[int, int]) -> None:
    write_set(tmp_path, gtav())
    label = Image.open(tmp_path / "labels/00001.png").resize(size, Image.Resampling.NEAREST)
    write_set(tmp_path, {"labels/00001.png": label})
    pair = checked("gtav", tmp_path, "00001")
    assert member(pair, "semantics.png").shape == CLASSES.shape
    assert set(np.unique(member(pair, "semantics.png"))) <= {*range(19), 255}


def test_prepared_labels_win_over_the_others(tmp_path: Path) -> None:
    write_set(tmp_path, gtav(), {"labels/00001_labelTrainIds.png": train_ids()})
    pair = checked("gtav", tmp_path, "00001")
    assert np.array_equal(member(pair, "semantics.png"), train_ids())


@pytest.mark.parametrize("listed", [True, False])
def test_splits_are_lists_and_the_published_file_is_not_passed_over_in_silence(
    tmp_path: Path, listed: bool
) -> None:
    write_set(tmp_path, gtav(), gtav("00002", 1))
    write_text(tmp_path / "split.mat", "MATLAB 5.0 MAT-file")
    if listed:
        write_text(tmp_path / "train.txt", "00001\n")
        write_text(tmp_path / "val.txt", "images/00002.png\n")
    entries, _ = scan("gtav", tmp_path)
    splits = [entry.split for entry in entries.values()]
    assert splits == (["train", "val"] if listed else ["", ""])
    assert ("split.mat: not read" in remarks("gtav", tmp_path)) != listed
