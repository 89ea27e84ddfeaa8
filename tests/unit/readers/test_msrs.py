"""The reader ``msrs``."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import checked, grey, ids, member, msrs, rgb, write_set
from tests.made.layouts import scan


def test_splits_hours_and_ids(tmp_path: Path) -> None:
    write_set(tmp_path, msrs(), msrs("test/", "00002N", 1), msrs("test/", "00003", 2))
    entries, problems = scan("msrs", tmp_path)
    assert not problems
    assert {name: (e.split, dict(e.attributes)) for name, e in entries.items()} == {
        "train/00001D": ("train", {"hour": "day"}),
        "test/00002N": ("test", {"hour": "night"}),
        "test/00003": ("test", {}),
    }
    pair = checked("msrs", tmp_path, "test/00002N")
    assert np.array_equal(member(pair, "rgb.png"), rgb(1))
    assert np.array_equal(member(pair, "thermal.png"), grey(1))
    assert np.array_equal(member(pair, "semantics.png"), ids(9, 1))


@pytest.mark.parametrize("split", ["", "test/"])
def test_pairs_for_fusion_need_no_labels(tmp_path: Path, split: str) -> None:
    pair = dict(msrs(split))
    del pair[f"{split}Segmentation_labels/00001D.png"]
    write_set(tmp_path, pair)
    assert checked("msrs", tmp_path, f"{split}00001D").row["labels"] == []


def test_a_lone_image_is_told_with_what_it_lacks(tmp_path: Path) -> None:
    write_set(tmp_path, msrs(), msrs("test/", "00002N", 1))
    (tmp_path / "test/ir/00002N.png").unlink()
    _, problems = scan("msrs", tmp_path)
    assert "test/ir/00002N.*" in problems["test/00002N"].detail
