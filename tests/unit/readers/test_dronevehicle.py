"""The reader ``dronevehicle``."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.detection_sets import polygon_xml, write_drone_pair
from tests.made.layouts import scan, write_image, write_text, write_voc
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_dataset, open_layout

CORNERS = [(104.0, 105.0), (112.0, 105.0), (112.0, 111.0), (104.0, 111.0)]
MOVED = [(x + 2, y) for x, y in CORNERS]
INSIDE = [[4.0, 5.0], [12.0, 5.0], [12.0, 11.0], [4.0, 11.0]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_drone_pair(tmp_path, "train", "00001")
    write_text(tmp_path / "train/trainlabel/00001.xml", polygon_xml([("car", CORNERS)]))
    write_text(tmp_path / "train/trainlabelr/00001.xml", polygon_xml([("car", MOVED)]))
    return tmp_path


def remarks_of(root: Path) -> str:
    found = open_layout("dronevehicle", str(root), {})
    list(found.scan())
    return "\n".join(found.remarks)


def boxes_of(root: Path) -> list[dict[str, Any]]:
    return list(open_dataset("dronevehicle", str(root))[0].labels["boxes"])


def test_the_border_is_cut_off_and_labels_move(root: Path) -> None:
    [pair] = open_dataset("dronevehicle", str(root))
    assert pair.rgb.shape == (24, 32, 3) and pair.thermal.shape == (24, 32)
    assert abs(int(pair.rgb.mean()) - 60) < 3 and abs(int(pair.thermal.mean()) - 90) < 3
    assert pair.split == "train" and pair.key == "train-00001"
    [box] = pair.labels["boxes"]
    assert box["rgb_corners"] == INSIDE and box["thermal_corners"][0] == [6.0, 5.0]
    assert box["xyxy"] == [4.0, 5.0, 14.0, 11.0] and "corners" not in box
    assert remarks_of(root) == "white borders of 100 px are cut off where they are"


def test_what_comes_without_a_border_is_kept_and_told(root: Path) -> None:
    write_drone_pair(root, "train", "00001", border=0)
    assert "images without a white border" in remarks_of(root)
    pair = open_dataset("dronevehicle", str(root))[0]
    assert pair.rgb.shape == (24, 32, 3)
    # Its files state the size with the border, so their numbers count from there.
    assert boxes_of(root)[0]["rgb_corners"] == INSIDE
    for kind in ("label", "labelr"):
        write_voc(root / f"train/train{kind}/00001.xml", [("car", (4, 5, 12, 11))])
    assert boxes_of(root)[0]["rgb_xyxy"] == [4, 5, 12, 11]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("feright car", "freight_car"),
        ("feright_car", "freight_car"),
        ("feright", "freight_car"),
        ("freight car", "freight_car"),
        ("*", "freight_car"),
        ("truvk", "truck"),
        ("truck", "truck"),
        ("bus", "bus"),
    ],
)
def test_misspelt_classes_are_folded_before_matching(root: Path, written: str, name: str) -> None:
    write_text(root / "train/trainlabel/00001.xml", polygon_xml([(written, CORNERS)]))
    write_text(root / "train/trainlabelr/00001.xml", polygon_xml([(name, MOVED)]))
    [box] = boxes_of(root)
    assert box["class"] == name and "single" not in box


def test_lists_differ_in_order_and_number(root: Path) -> None:
    far = [(x + 14, y + 8) for x, y in CORNERS]
    both = polygon_xml([("car", far), ("car", MOVED)])
    write_text(root / "train/trainlabelr/00001.xml", both)
    first, second = boxes_of(root)
    assert "single" not in first and second["single"] == "thermal"


def test_an_old_bndbox_is_read_too(root: Path) -> None:
    text = polygon_xml([]).replace(
        "</annotation>",
        "<object><name>car</name><bndbox><xmin>104</xmin><ymin>105</ymin><xmax>112</xmax>"
        "<ymax>111</ymax></bndbox></object></annotation>",
    )
    write_text(root / "train/trainlabel/00001.xml", text)
    assert boxes_of(root)[0]["rgb_xyxy"] == [4.0, 5.0, 12.0, 11.0]


def test_alone_and_broken(root: Path) -> None:
    write_image(root / "val/valimg/00009.jpg")
    write_text(root / "train/trainlabelr/00001.xml", "<annotation>")
    entries, problems = scan("dronevehicle", root)
    assert list(entries) == ["train/00001"]
    assert problems["val/00009"].reason == "missing_partner"
    layout = open_layout("dronevehicle", str(root), {})
    notes = check_pair(layout, entries["train/00001"]).notes
    assert "label_dropped" in notes
    (root / "train/trainimg/00001.jpg").write_bytes(b"no image")
    assert list(scan("dronevehicle", root)[0]) == ["train/00001"]
