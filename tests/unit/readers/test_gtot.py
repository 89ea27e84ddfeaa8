"""The reader ``gtot``."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_text
from tests.made.tracking import write_gtot
from twinband.core.errors import BadSample
from twinband.ingest.dataset import open_dataset, open_layout


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_frames_are_paired_and_corners_kept(tmp_path: Path, suffix: str) -> None:
    write_gtot(tmp_path, "BlackCar", suffix=suffix)
    write_gtot(tmp_path, "Torabi1", count=2, suffix=suffix)
    entries, problems = scan("gtot", tmp_path)
    assert not problems and len(entries) == 5
    second = entries["BlackCar/000001"]
    assert (second.group, second.frame, second.split) == ("BlackCar", 1, "")
    assert second.files["thermal"] == f"BlackCar/i/00002i.{suffix}"
    labels = [dict(pair.labels) for pair in open_dataset("gtot", str(tmp_path))]
    box = [2.0, 2.0, 7.0, 8.0]
    assert labels[1] == {"target_rgb": box, "target_thermal": box}


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("1 2 3 4", [1.0, 2.0, 3.0, 4.0]),
        ("1\t2\t3\t4", [1.0, 2.0, 3.0, 4.0]),
        ("1.5 2 3.25 4\t", [1.5, 2.0, 3.25, 4.0]),
        ("  -3  2  3  4", [-3.0, 2.0, 3.0, 4.0]),
        ("3 2 1 4", None),
        ("0 0 0 0", None),
        ("NaN NaN NaN NaN", None),
    ],
)
def test_absent_targets_have_no_box(tmp_path: Path, line: str, box: list[float] | None) -> None:
    write_gtot(tmp_path, "BlackCar", count=2)
    write_text(tmp_path / "BlackCar/groundTruth_v.txt", f"{line}\n1 2 3 4\n")
    assert open_dataset("gtot", str(tmp_path))[0].labels.get("target_rgb") == box


@pytest.mark.parametrize("line", ["1 2 3", "1 2 3 4 5", "a b c d", "", "1 2 inf 4"])
def test_malformed_boxes_name_the_file_and_the_form(tmp_path: Path, line: str) -> None:
    write_gtot(tmp_path, "BlackCar", count=2)
    write_text(tmp_path / "BlackCar/groundTruth_i.txt", f"{line}\n1 2 3 4\n")
    with pytest.raises(BadSample) as caught:
        _ = open_dataset("gtot", str(tmp_path), strict_labels=True)[0].labels
    assert "BlackCar/groundTruth_i.txt, line 1" in caught.value.detail
    assert "x1, y1, x2, y2" in caught.value.detail


def test_what_is_published_is_stated(tmp_path: Path) -> None:
    write_gtot(tmp_path, "BlackCar")
    about = open_layout("gtot", str(tmp_path), {}).about
    assert about is not None and about.releases["GTOT"].pairs == 50
