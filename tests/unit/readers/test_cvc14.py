"""The reader ``cvc14``."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.detection_sets import write_cvc14_image
from tests.made.layouts import scan, write_text
from twinband.ingest.dataset import open_dataset

STEM = "2014_05_04_23_16_06_620000"
NAME = f"Night/Train/{STEM}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for modality in ("Visible", "FIR"):
        write_cvc14_image(tmp_path, "Night", modality, "Train/FramesPos", STEM)
    return tmp_path


def annotate(root: Path, modality: str, text: str) -> None:
    write_text(root / f"Night/{modality}/Train/Annotations/{STEM}.txt", text)


def boxes_of(root: Path) -> list[dict[str, Any]]:
    return list(open_dataset("cvc14", str(root))[0].labels["boxes"])


def test_time_stamps_are_paired_and_folders_name_splits_and_hours(root: Path) -> None:
    write_cvc14_image(root, "Day", "Visible", "NewTest/FramesNeg", "t1")
    write_cvc14_image(root, "Day", "FIR", "NewTest/FramesPos", "t1")
    write_cvc14_image(root, "Day", "FIR", "NewTest/FramesPos", "t2")
    entries, problems = scan("cvc14", root)
    facts = {name: (e.split, e.attributes["hour"]) for name, e in entries.items()}
    assert facts == {"Day/NewTest/t1": ("test", "day"), NAME: ("train", "night")}
    assert problems["Day/NewTest/t2"].reason == "missing_partner"


def test_centres_become_corners_and_lists_are_matched(root: Path) -> None:
    annotate(root, "Visible", "10 12 4 8 1 0 0 0 0 1 0\r\n26 12 4 8 1 0 0 0 0 2 0\r\n\r\n")
    annotate(root, "FIR", "11 12 4 8 1 0 0 0 0 1 0\n")
    both, alone = boxes_of(root)
    assert both["rgb_xyxy"] == [8, 8, 12, 16] and both["thermal_xyxy"] == [9, 8, 13, 16]
    assert both["xyxy"] == [8, 8, 13, 16] and both["class"] == "person"
    assert alone["single"] == "rgb" and alone["xyxy"] == [24, 8, 28, 16]


def test_a_list_may_be_missing_and_negative_frames_show_nobody(root: Path) -> None:
    assert "boxes" not in open_dataset("cvc14", str(root))[0].labels
    annotate(root, "FIR", "11 12 4 8\n")
    assert [box["single"] for box in boxes_of(root)] == ["thermal"]
    for modality in ("Visible", "FIR"):
        write_cvc14_image(root, "Day", modality, "Train/FramesNeg", "t0")
    assert boxes_of(root) == []  # of Day, the first


@pytest.mark.parametrize("text", ["1 2 3", "a b c d", "nan 1 2 3", "<html>"])
def test_a_bad_line_costs_itself_and_a_bad_file_the_boxes(root: Path, text: str) -> None:
    annotate(root, "Visible", f"{text}\n10 12 4 8\n")
    assert len(boxes_of(root)) == 1
    annotate(root, "Visible", text)
    assert "boxes" not in open_dataset("cvc14", str(root))[0].labels
