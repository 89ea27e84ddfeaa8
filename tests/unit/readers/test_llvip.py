"""The reader ``llvip``, and VOC boxes."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text, write_voc
from twinband.core.errors import BadSample
from twinband.ingest.dataset import open_dataset, open_layout

PAIRS = {"010001": "train", "190001": "test"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for stem, split in PAIRS.items():
        write_image(tmp_path / f"visible/{split}/{stem}.jpg")
        write_image(tmp_path / f"infrared/{split}/{stem}.jpg", channels=1)
        write_voc(tmp_path / f"Annotations/{stem}.xml", [("person", (1, 2, 11, 22))])
    return tmp_path


def boxes_of(root: Path, **options: bool) -> list[dict[str, object]]:
    boxes: list[dict[str, object]] = open_dataset("llvip", str(root), **options)[0].labels["boxes"]
    return boxes


def test_splits_are_folders_and_boxes_are_kept_as_written(root: Path) -> None:
    entries, problems = scan("llvip", root)
    assert {name: entry.split for name, entry in entries.items()} == PAIRS
    assert not problems
    expected = {"class": "person", "xyxy": [1.0, 2.0, 11.0, 22.0], "difficult": False}
    assert boxes_of(root) == [expected]


def test_one_based_boxes_become_zero_based_and_half_open(root: Path) -> None:
    assert boxes_of(root, voc_one_based=True)[0]["xyxy"] == [0.0, 1.0, 11.0, 22.0]


def test_boxes_are_optional(root: Path) -> None:
    (root / "Annotations/010001.xml").unlink()
    assert dict(open_dataset("llvip", str(root))[0].labels) == {}


def test_an_image_without_people_has_no_box(root: Path) -> None:
    write_voc(root / "Annotations/010001.xml", [])
    assert boxes_of(root) == []


@pytest.mark.parametrize(
    "box", [(11, 2, 1, 22), (1, 2, 1, 22), (1, 2, 34, 22), (1, 2, 11, 26), (-3, 2, 11, 22)]
)
def test_inverted_empty_and_outside_boxes_are_refused(
    root: Path, box: tuple[int, int, int, int]
) -> None:
    write_voc(root / "Annotations/010001.xml", [("person", box)])
    with pytest.raises(BadSample) as caught:
        boxes_of(root, strict_labels=True)
    assert caught.value.reason == "bad_label"
    assert "Annotations/010001.xml" in caught.value.detail


def test_a_box_may_leave_the_image_by_the_one_pixel_of_counting(root: Path) -> None:
    write_voc(root / "Annotations/010001.xml", [("person", (0, 0, 33, 25))])
    assert boxes_of(root)[0]["xyxy"] == [0.0, 0.0, 33.0, 25.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation><object>",
        "<html></html>",
        "<annotation><object><name>person</name></object></annotation>",
        "<annotation><object><bndbox/></object></annotation>",
        "<annotation><object><name>person</name><bndbox><xmin>a</xmin><ymin>1</ymin>"
        "<xmax>2</xmax><ymax>3</ymax></bndbox></object></annotation>",
        "<annotation><object><name>person</name><bndbox><xmin>nan</xmin><ymin>1</ymin>"
        "<xmax>2</xmax><ymax>3</ymax></bndbox></object></annotation>",
        "<annotation><object><name>person</name><bndbox><xmin>0</xmin><ymin>1</ymin>"
        "<xmax>inf</xmax><ymax>3</ymax></bndbox></object></annotation>",
    ],
)
def test_malformed_annotations_are_refused(root: Path, text: str) -> None:
    write_text(root / "Annotations/010001.xml", text)
    with pytest.raises(BadSample) as caught:
        boxes_of(root, strict_labels=True)
    assert caught.value.reason == "bad_label"


def test_other_classes_are_kept_as_written(root: Path) -> None:
    write_voc(root / "Annotations/010001.xml", [("feright_car", (1, 2, 11, 22))])
    assert [box["class"] for box in boxes_of(root)] == ["feright_car"]


def test_labels_without_images_are_a_remark(root: Path) -> None:
    write_voc(root / "Annotations/190009.xml", [("person", (1, 2, 11, 22))])
    layout = open_layout("llvip", str(root), {})
    assert [item.name for item in layout.scan()] == list(PAIRS)
    assert layout.remarks == ["labels without images, left out: 1 (e.g. Annotations/190009.xml)"]


def test_halves_in_different_splits_are_no_pair(root: Path) -> None:
    write_image(root / "visible/train/190002.jpg")
    write_image(root / "infrared/test/190002.jpg")
    write_image(root / "visible/train/190001.jpg")
    entries, problems = scan("llvip", root)
    assert "different splits" in problems["190002"].detail
    assert problems["visible/train/190001.jpg"].reason == "key_collision"
    assert list(entries) == list(PAIRS)
