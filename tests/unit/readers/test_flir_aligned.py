"""The reader ``flir_aligned``."""

from pathlib import Path

import pytest

from tests.made.detection_sets import write_flir_aligned_pair
from tests.made.layouts import scan, write_image, write_text
from twinband.ingest.dataset import open_dataset, open_layout

CAR = ("car", (1.0, 2.0, 11.0, 22.0))
DOG = ("dog", (3.0, 2.0, 9.0, 9.0))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_flir_aligned_pair(tmp_path, "01059", [CAR, DOG])
    write_flir_aligned_pair(tmp_path, "05527", [CAR])
    write_text(tmp_path / "align/align_train.txt", "FLIR_01059_PreviewData\r\n\r\n")
    write_text(tmp_path / "align/align_validation.txt", "FLIR_05527_PreviewData\nFLIR_9_RGB\n")
    return tmp_path


@pytest.mark.parametrize("lists", ["align/", ""])
def test_ten_characters_are_a_pair_and_lists_name_splits(root: Path, lists: str) -> None:
    for name in ("train", "validation"):
        path = root / f"align/align_{name}.txt"
        path.rename(root / f"{lists}align_{name}.txt")
    entries, problems = scan("flir_aligned", root)
    splits = {name: entry.split for name, entry in entries.items()}
    assert splits == {"FLIR_01059": "train", "FLIR_05527": "val"}
    assert [problem.reason for problem in problems.values()] == ["listed_but_missing"]


def test_stray_dogs_are_left_out_and_counted(root: Path) -> None:
    found = open_layout("flir_aligned", str(root), {})
    list(found.scan())
    assert any("1 stray objects of class dog are left out, in 1 pairs" in r for r in found.remarks)
    for pair in open_dataset("flir_aligned", str(root)):
        [box] = pair.labels["boxes"]
        assert (box["class"], box["xyxy"]) == ("car", [1.0, 2.0, 11.0, 22.0])


def test_alone_and_broken(root: Path) -> None:
    write_image(root / "align/JPEGImages/FLIR_00001_RGB.jpg")
    write_text(root / "align/Annotations/FLIR_05527_PreviewData.xml", "<annotation><obj")
    entries, problems = scan("flir_aligned", root)
    assert problems["FLIR_00001"].reason == "missing_partner" and len(entries) == 2
    assert dict(open_dataset("flir_aligned", str(root))[1].labels) == {}
