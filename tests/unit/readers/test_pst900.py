"""The reader ``pst900``."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import (
    checked,
    deep,
    grey,
    ids,
    member,
    pst900,
    remarks,
    rgb,
    write_set,
)
from tests.made.layouts import scan

NAME = "train/31_bag1a_frame7"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_set(tmp_path, pst900(), pst900("test", "40_bag2_frame1", 5))


def test_folders_name_the_splits(root: Path) -> None:
    entries, problems = scan("pst900", root)
    splits = {name: entry.split for name, entry in entries.items()}
    assert splits == {NAME: "train", "test/40_bag2_frame1": "test"}
    assert not problems


@pytest.mark.parametrize(
    ("options", "thermal", "bits", "other"),
    [({}, grey(), 8, "thermal_raw"), ({"thermal": "thermal_raw"}, deep(), 16, "test/thermal/")],
)
def test_an_option_chooses_the_thermal_images(
    root: Path, options: dict[str, str], thermal: np.ndarray, bits: int, other: str
) -> None:
    pair = checked("pst900", root, NAME, **options)
    assert np.array_equal(member(pair, "rgb.png"), rgb())
    assert np.array_equal(member(pair, "thermal.png"), thermal)
    assert pair.row["thermal_bits"] == bits
    said = remarks("pst900", root, **options)
    assert "not read: 2" in said and other in said and "fit no pattern" not in said


def test_labels_and_depth_keep_their_values_and_holes_are_declared(root: Path) -> None:
    pair = checked("pst900", root, NAME)
    assert np.array_equal(member(pair, "semantics.png"), ids(5))
    assert np.array_equal(member(pair, "depth.png"), deep(1))
    info = json.loads(pair.fields["json"])
    assert info["thermal"]["no_data"] == 0
    assert "depth" not in info  # its unit is not published


def test_a_survivor_of_another_id_costs_the_label_only(root: Path) -> None:
    write_set(root, {f"train/labels/{NAME.rpartition('/')[2]}.png": ids(6)})
    pair = checked("pst900", root, NAME)
    assert pair.row["labels"] == ["depth"]
    assert "unknown ids [5]" in pair.notes["label_dropped"]
