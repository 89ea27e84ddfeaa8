"""The reader ``semanticrt``."""

from pathlib import Path

import numpy as np

from tests.made.image_sets import checked, ids, member, remarks, semanticrt, write_set
from tests.made.layouts import scan, write_text

LISTS = {
    "train": "1",
    "val": "2",
    "test": "3\n4",
    "test_day": "3",
    "test_night": "4\r\n",
    "test_hard": "3",
}


def write(root: Path) -> Path:
    for name, lines in LISTS.items():
        write_text(root / f"{name}.txt", f"{lines}\n")
    return write_set(root, *(semanticrt(str(number), number) for number in range(1, 5)))


def test_lists_name_splits_and_hours(tmp_path: Path) -> None:
    entries, problems = scan("semanticrt", write(tmp_path))
    assert not problems
    assert {name: (e.split, e.attributes.get("hour")) for name, e in entries.items()} == {
        "1": ("train", None),
        "2": ("val", None),
        "3": ("test", "day"),
        "4": ("test", "night"),
    }


def test_labels_keep_their_ids_and_edges_are_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    pair = checked("semanticrt", tmp_path, "2")
    assert np.array_equal(member(pair, "semantics.png"), ids(13, 2))
    assert "not read: 4 (e.g. binary_labels/1.png)" in remarks("semanticrt", tmp_path)
    write_set(tmp_path, {"labels/2.png": ids(14)})
    assert "unknown ids [13]" in checked("semanticrt", tmp_path, "2").notes["label_dropped"]
