"""YOLO's text files: boxes, turned boxes, polygons, in shares of the image."""

from typing import Any

import pytest

from twinband.ingest.label_forms.boxes import fitted
from twinband.ingest.label_forms.yolo_txt import read_yolo
from twinband.ingest.notes import Notes

SIZES = [(200.0, 100.0), (200.0, 100.0)]
CLASSES = ["person", "car"]


def boxes(text: str | bytes, notes: Notes | None = None) -> list[dict[str, Any]]:
    data = text.encode() if isinstance(text, str) else text
    return fitted(read_yolo(data, "a.txt", CLASSES), SIZES, notes or Notes())


@pytest.mark.parametrize(
    ("line", "name", "xyxy"),
    [
        ("0 0.5 0.5 0.5 0.5", "person", [50, 25, 150, 75]),
        ("1 0.5 0.5 1 1", "car", [0, 0, 200, 100]),
        ("2 0.5 0.5 0.5 0.5", "2", [50, 25, 150, 75]),
        ("0.0 0.5 0.5 0.5 0.5", "person", [50, 25, 150, 75]),
        ("0 0.5 0.5 0.5 0.5 0.9", "person", [50, 25, 150, 75]),
        ("0,0.5,0.5,0.5,0.5,", "person", [50, 25, 150, 75]),
        ("\ufeff0\t0.5\t0.5\t0.5\t0.5\r\n\r\n", "person", [50, 25, 150, 75]),
        ("1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75", "car", [50, 25, 150, 75]),
        ("1 0.25 0.25 0.75 0.25 0.5 0.75", "car", [50, 25, 150, 75]),
        ("0 0 0.5 0.5 0.5", "person", [0, 25, 50, 75]),
        ("0 0.5 0.5 0.5 4", "person", [50, 0, 150, 100]),
    ],
)
def test_objects_come_in_pixels(line: str, name: str, xyxy: list[float]) -> None:
    [found] = boxes(line)
    assert (found["class"], found["xyxy"]) == (name, xyxy)
    assert ("corners" in found) == (len(line.split()) > 6)


def test_corners_are_kept_in_pixels() -> None:
    [found] = boxes("1 0.25 0.25 0.75 0.25 0.5 0.75")
    assert found["corners"] == [[50.0, 25.0], [150.0, 25.0], [100.0, 75.0]]


@pytest.mark.parametrize(
    "line",
    [
        "0",
        "0 0.5",
        "0 0.5 0.5 0.5",
        "0 1 2 3 4 5 6 7",
        "person 0.5 0.5 0.5 0.5",
        "-1 0.5 0.5 0.5 0.5",
        "0.5 0.5 0.5 0.5 0.5",
        "nan 0.5 0.5 0.5 0.5",
        "inf 0.5 0.5 0.5 0.5",
        "0 nan 0.5 0.5 0.5",
        "0 0.5 0.5 0 0.5",
        "0 0.5 0.5 -1 0.5",
        "0 9 9 0.5 0.5",
        "0 nan 0 1 1 0 1",
        "\0\0\0",
    ],
)
def test_a_bad_line_leaves_the_others(line: str) -> None:
    notes = Notes()
    assert len(boxes(f"1 0.5 0.5 0.5 0.5\n{line}\n", notes)) == 1
    assert notes.words() == ["boxes_dropped"]
    assert notes.cases["boxes_dropped"].startswith("bad_label: a.txt: ")


@pytest.mark.parametrize("data", [b"", b" \n\n", b"\xef\xbb\xbf", b"\r\n"])
def test_an_empty_file_is_an_image_without_objects(data: bytes) -> None:
    assert boxes(data) == []
