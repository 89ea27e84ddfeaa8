"""The reader ``acdc``."""

from pathlib import Path

import numpy as np

from tests.made.image_sets import acdc, checked, member, remarks, train_ids, write_set
from tests.made.layouts import scan


def write(root: Path) -> Path:
    frames = (acdc(frame=f"{number:06d}", seed=number) for number in (9, 10))
    return write_set(root, *frames, acdc("night", "val", seed=3))


def test_condition_split_and_sequence_are_the_folders(tmp_path: Path) -> None:
    entries, problems = scan("acdc", write(tmp_path))
    assert not problems
    fog, night = "fog/train/GOPR0475", "night/val/GOPR0475"
    assert {
        name: (e.split, e.group, e.frame, dict(e.attributes)) for name, e in entries.items()
    } == {
        f"{fog}/GOPR0475_frame_000009": ("train", fog, 0, {"condition": "fog"}),
        f"{fog}/GOPR0475_frame_000010": ("train", fog, 1, {"condition": "fog"}),
        f"{night}/GOPR0475_frame_000001": (
            "val",
            night,
            0,
            {"condition": "night", "hour": "night"},
        ),
    }


def test_labels_are_those_of_the_classes_and_references_are_told(tmp_path: Path) -> None:
    write(tmp_path)
    pair = checked("acdc", tmp_path, "fog/train/GOPR0475/GOPR0475_frame_000010")
    assert np.array_equal(member(pair, "semantics.png"), train_ids(10))
    said = remarks("acdc", tmp_path)
    assert "images of this layout that are not read: 6" in said
    assert "labels with other ids than those read: 3" in said
    assert "fit no pattern" not in said
