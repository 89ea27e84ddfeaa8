"""VOC from files, upright and rotated, and bad input."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.detections import (
    coco_truth,
    detection,
    voc_object,
    voc_polygon,
    write_json,
    write_text,
    write_voc,
)
from twinband.core.errors import InputError
from twinband.scorers.voc import score
from twinband.scoring.score import Options, Score

PERSON, CAR = voc_object("person", (10, 10, 29, 49)), voc_object("car", (50, 10, 89, 49))
ROW = "10 10 29 49"
ROTATED = (10, 0, 20, 10, 10, 20, 0, 10)


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Two images, each with a person, the first with a car, the second with a difficult one."""
    difficult = voc_object("car", (50, 10, 89, 49), difficult=1)
    return write_voc(tmp_path / "truth", {"a": [PERSON, CAR], "b": [PERSON, difficult]})


def scored(tmp_path: Path, truth: Path, by: str = "", **lines: list[str]) -> Score:
    folder = tmp_path / "found"
    for name, its in lines.items():
        write_text(folder / f"comp4_det_test_{name}.txt", *its)
    return score(folder, truth, Options(by=by))


def test_both_variants(tmp_path: Path, truth: Path) -> None:
    people = [f"a 0.9 {ROW}", "b 0.8 60 60 70 70", f"b 0.7 {ROW}"]
    result = scored(tmp_path, truth, "class", person=people, car=["a 0.5 50 10 89 49"])
    person = (1 / 2 + 2 / 3 / 2, (6 + 5 * 2 / 3) / 11)
    assert result.slices["person"] == pytest.approx({"ap50": person[0], "ap50_11point": person[1]})
    assert result.slices["car"] == {"ap50": 1, "ap50_11point": 1}
    assert result.values["ap50"] == pytest.approx((person[0] + 1) / 2)
    assert result.protocol["annotations"] == "4, 1 of them difficult and left out"


def test_the_last_pixel_is_inside(tmp_path: Path) -> None:
    """Boxes 0..9 and 5..9 of 10 and 5 columns overlap by a half only if 9 is inside."""
    truth = write_voc(tmp_path / "truth", {"a": [voc_object("person", (0, 0, 9, 9))]})
    assert scored(tmp_path, truth, person=["a 1 5 0 9 9"]).values["ap50"] == 1


def test_a_class_without_a_file_counts_as_missed(tmp_path: Path, truth: Path) -> None:
    result = scored(tmp_path, truth, person=[f"a 0.9 {ROW}", f"b 0.9 {ROW}"], dog=["a 1 0 0 1 1"])
    assert result.values["ap50"] == 0.5
    assert "no detections of car" in result.remarks[1] and "of no class" in result.remarks[0]


def test_an_empty_file_of_a_class_is_no_detections(tmp_path: Path, truth: Path) -> None:
    assert scored(tmp_path, truth, person=[], car=[]).values["ap50"] == 0


def test_rotated_boxes(tmp_path: Path) -> None:
    truth = write_voc(tmp_path / "truth", {"a": [voc_polygon("car", ROTATED)]})
    corners = " ".join(map(str, ROTATED))
    assert scored(tmp_path, truth, car=[f"a 0.5 {corners}"]).values["ap50"] == 1
    upright = "0 0 20 0 20 20 0 20"  # half of it is the truth: exactly enough
    assert scored(tmp_path, truth, car=[f"a 0.5 {upright}"]).values["ap50"] == 1
    wider = "-1 0 20 0 20 20 -1 20"
    result = scored(tmp_path, truth, car=[f"a 0.5 {wider}"])
    assert result.values["ap50"] == 0
    assert "rotated" in result.protocol["overlap"]
    with pytest.raises(InputError, match="line 1: no score and 8 finite numbers"):
        scored(tmp_path, truth, car=["a 0.5 1 2 3 4"])
    with pytest.raises(InputError, match="do not go around a convex box"):
        scored(tmp_path, truth, car=["a 0.5 0 0 1 1 1 0 0 1"])


def test_coco_files_too(tmp_path: Path) -> None:
    stored = coco_truth({0: [(0, 0, 10, 10)], 1: [(0, 0, 10, 10)]})
    truth = write_json(tmp_path / "truth.json", stored)
    found = write_json(tmp_path / "found.json", [detection(0, (0, 0, 10, 10))])
    result = score(found, truth, Options())
    assert result.values["ap50"] == 0.5
    assert result.values["ap50_11point"] == pytest.approx(6 / 11)
    xml = write_voc(tmp_path / "xml", {"a": [PERSON]})
    with pytest.raises(InputError, match="with a truth in XML, detections are a folder"):
        score(found, xml, Options())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c 0.5 1 2 3 4", "line 2: image 'c' is not in the truth; another list?"),
        ("a 0.5 1 2 3", "line 2: no score and 4 finite numbers"),
        ("a 0.5 1 2 3 nan", "line 2: no score and 4 finite numbers"),
        ("a 0.5 1 2 3 x", "line 2: no row image score box"),
        ("a 0.5 9 2 3 4", "line 2: .* has a negative size; it is x1, y1, x2, y2"),
    ],
)
def test_bad_rows(tmp_path: Path, truth: Path, line: str, message: str) -> None:
    with pytest.raises(InputError, match=f"person.txt: {message}"):
        scored(tmp_path, truth, person=[f"a 0.9 {ROW}", line])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation></object>", "a.xml: line 1: not XML"),
        (f"<a>{voc_object('person', (9, 0, 1, 5))}</a>", "a.xml: object 1: .* negative size"),
        (f"<a>{voc_object('', (0, 0, 1, 5))}</a>", "a.xml: object 1: it has no name"),
        ("<a><object><name>x</name></object></a>", "a.xml: object 1: no bndbox or polygon"),
    ],
)
def test_bad_xml(tmp_path: Path, text: str, message: str) -> None:
    write_text(tmp_path / "truth" / "a.xml", text)
    with pytest.raises(InputError, match=message):
        scored(tmp_path, tmp_path / "truth", person=[])


def test_folders_without_files(tmp_path: Path, truth: Path) -> None:
    with pytest.raises(InputError, match="no XML files"):
        scored(tmp_path, write_text(tmp_path / "none" / "a.txt").parent, person=[])
    with pytest.raises(InputError, match=r"no file named by a class \(car, person\)"):
        scored(tmp_path / "x", truth, dog=[])
    with pytest.raises(InputError, match="neither a folder of XML files nor a COCO truth"):
        scored(tmp_path, tmp_path / "nowhere", person=[])


def test_nobody_to_find(tmp_path: Path) -> None:
    difficult = voc_object("car", (50, 10, 89, 49), difficult=1)
    truth = write_voc(tmp_path / "truth", {"a": [difficult]})
    assert np.isnan(scored(tmp_path, truth, car=[]).values["ap50"])
