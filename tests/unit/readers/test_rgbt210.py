"""The reader ``rgbt210``."""

from pathlib import Path

from tests.made.layouts import scan
from tests.made.tracking import write_rgbt210
from twinband.ingest.dataset import open_dataset


def test_one_list_is_for_both_images(tmp_path: Path) -> None:
    write_rgbt210(tmp_path, "afterrain")
    write_rgbt210(tmp_path, "bike", count=2)
    entries, problems = scan("rgbt210", tmp_path)
    assert not problems
    assert {entry.group for entry in entries.values()} == {"afterrain", "bike"}
    assert entries["bike/000001"].files["rgb"] == "bike/visible/00002v.jpg"
    labels = [dict(pair.labels) for pair in open_dataset("rgbt210", str(tmp_path))]
    assert labels[1] == {"target_rgb": [2.0, 2.0, 7.0, 8.0]}


def test_boxes_without_area_are_no_boxes(tmp_path: Path) -> None:
    write_rgbt210(tmp_path, "bike", truth="1,2,3,4\n0,0,0,0\n5,5,0,3\n")
    labels = [dict(pair.labels) for pair in open_dataset("rgbt210", str(tmp_path))]
    assert labels == [{"target_rgb": [1.0, 2.0, 4.0, 6.0]}, {}, {}]


def test_a_frame_that_is_lost_is_lost_alone(tmp_path: Path) -> None:
    write_rgbt210(tmp_path, "bike", count=6)
    (tmp_path / "bike/infrared/00003i.jpg").unlink()
    _, problems = scan("rgbt210", tmp_path)
    assert [(p.name, p.reason) for p in problems.values()] == [("bike/000002", "missing_partner")]
    found = {
        p.entry.frame: p.labels["target_rgb"][0] for p in open_dataset("rgbt210", str(tmp_path))
    }
    assert found == {frame: frame + 1.0 for frame in (0, 1, 3, 4, 5)}
