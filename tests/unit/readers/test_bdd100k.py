"""The reader ``bdd100k``."""

from pathlib import Path

import numpy as np

from tests.made.image_sets import bdd100k, checked, member, rgb, train_ids, write_set
from tests.made.layouts import scan


def test_splits_and_ids_are_as_stored(tmp_path: Path) -> None:
    test = {"images/10k/test/ac.jpg": rgb(4)}
    write_set(tmp_path, bdd100k(), bdd100k("val", "b1", 1), test)
    entries, problems = scan("bdd100k", tmp_path)
    assert not problems
    assert {name: (e.split, "semantics" in e.files) for name, e in entries.items()} == {
        "train/0004a4c0-d4dff0ad": ("train", True),
        "val/b1": ("val", True),
        "test/ac": ("test", False),
    }
    pair = checked("bdd100k", tmp_path, "val/b1")
    assert np.array_equal(member(pair, "semantics.png"), train_ids(1))


def test_a_label_of_another_size_is_left_out(tmp_path: Path) -> None:
    write_set(
        tmp_path, bdd100k(), {"labels/sem_seg/masks/train/0004a4c0-d4dff0ad.png": train_ids()[:12]}
    )
    pair = checked("bdd100k", tmp_path, "train/0004a4c0-d4dff0ad")
    assert pair.row["labels"] == [] and "label_size" in pair.notes["label_dropped"]
