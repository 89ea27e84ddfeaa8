"""The reader ``cityscapes``."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import (
    checked,
    cityscapes,
    ids,
    member,
    remarks,
    rgb,
    train_ids,
    write_set,
)
from tests.made.layouts import scan
from twinband.ingest.label_forms.class_ids import LABEL_ID_TO_TRAIN_ID

NAME = "train/aachen/aachen_000000_000019"
LABEL = f"gtFine/{NAME}_gtFine"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_set(tmp_path, cityscapes(), cityscapes("val", "munster_000001_000019", 3))


def test_an_image_alone_is_a_pair(root: Path) -> None:
    entries, problems = scan("cityscapes", root)
    assert not problems
    assert {name: entry.split for name, entry in entries.items()} == {
        NAME: "train",
        "val/munster/munster_000001_000019": "val",
    }
    pair = checked("cityscapes", root, NAME)
    assert np.array_equal(member(pair, "rgb.png"), rgb())
    assert not any(name.startswith("thermal") for name in pair.fields)


def test_own_ids_become_those_of_the_classes(root: Path) -> None:
    pair = checked("cityscapes", root, NAME)
    wanted = np.vectorize(LABEL_ID_TO_TRAIN_ID.get)(ids(34))
    assert np.array_equal(member(pair, "semantics.png"), wanted)
    said = remarks("cityscapes", root)
    assert "images of this layout that are not read: 4" in said and "fit no pattern" not in said


def test_ids_of_the_classes_are_read_first_and_as_they_are(root: Path) -> None:
    write_set(root, {f"{LABEL}_labelTrainIds.png": train_ids()})
    pair = checked("cityscapes", root, NAME)
    assert np.array_equal(member(pair, "semantics.png"), train_ids())
    said = remarks("cityscapes", root)
    assert f"labels with other ids than those read: 1 (e.g. {LABEL}_labelIds.png)" in said
    assert "fit no pattern" not in said


def test_everything_may_be_in_one_more_folder(tmp_path: Path) -> None:
    write_set(tmp_path / "data", cityscapes())
    pair = checked("cityscapes", tmp_path, NAME)
    wanted = np.vectorize(LABEL_ID_TO_TRAIN_ID.get)(ids(34))
    assert np.array_equal(member(pair, "semantics.png"), wanted)


@pytest.mark.parametrize(
    ("file", "values", "said"),
    [
        ("labelIds", ids(35), "unknown ids [34]"),
        ("labelTrainIds", ids(20), "unknown ids [19]"),
    ],
)
def test_unknown_ids_cost_the_label_only(
    root: Path, file: str, values: np.ndarray, said: str
) -> None:
    write_set(root, {f"{LABEL}_{file}.png": values})
    pair = checked("cityscapes", root, NAME)
    assert pair.row["labels"] == [] and said in pair.notes["label_dropped"]
