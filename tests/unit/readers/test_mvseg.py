"""The reader ``mvseg``."""

from pathlib import Path

import numpy as np

from tests.made.image_sets import checked, grey, ids, member, mvseg, write_set
from tests.made.layouts import scan, write_text


def write(root: Path) -> Path:
    write_set(root, *(mvseg("INO_1", f"{n:05d}", n) for n in (1, 2, 10)), mvseg("OSU_2"))
    (root / "data/INO_1/label/00002l.png").unlink()
    write_text(root / "train.txt", "INO_1\n")
    write_text(root / "test.txt", "OSU_2\n")
    return root


def test_frames_are_paired_by_number_and_videos_have_a_split(tmp_path: Path) -> None:
    entries, problems = scan("mvseg", write(tmp_path))
    assert not problems
    assert {name: (e.group, e.frame, e.split) for name, e in entries.items()} == {
        "INO_1/00001": ("INO_1", 0, "train"),
        "INO_1/00002": ("INO_1", 1, "train"),
        "INO_1/00010": ("INO_1", 2, "train"),
        "OSU_2/00001": ("OSU_2", 0, "test"),
    }


def test_some_frames_have_labels(tmp_path: Path) -> None:
    write(tmp_path)
    pair = checked("mvseg", tmp_path, "INO_1/00010")
    assert np.array_equal(member(pair, "thermal.png"), grey(10))
    assert np.array_equal(member(pair, "semantics.png"), ids(26, 10))
    assert checked("mvseg", tmp_path, "INO_1/00002").row["labels"] == []


def test_a_gap_in_one_modality_loses_one_frame(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "data/INO_1/infrared/00001i.png").unlink()
    entries, problems = scan("mvseg", tmp_path)
    assert list(problems) == ["INO_1/00001"]
    assert "data/INO_1/infrared/00001i.*" in problems["INO_1/00001"].detail
    assert {n: e.frame for n, e in entries.items() if e.group == "INO_1"} == {
        "INO_1/00002": 0,
        "INO_1/00010": 1,
    }
