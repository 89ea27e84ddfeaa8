"""The reader ``kaist``: pairs, splits, lists, six generations of boxes."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.detection_sets import kaist_text, write_kaist_annotation, write_kaist_pair
from tests.made.layouts import scan, write_text, write_voc
from twinband.core.errors import InputError
from twinband.ingest.dataset import open_dataset, open_layout
from twinband.ingest.kaist_annotations import TITLES

TRAIN, TEST = "set00/V000/I00001", "set09/V000/I00019"
BOXES = [("person", (2.0, 3.0, 8.0, 15.0)), ("people", (10.0, 3.0, 20.0, 15.0))]
GENERATIONS = ["original", "bbgt", "improved", "sanitized", "paired", "json"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (TRAIN, TEST):
        write_kaist_pair(tmp_path, name)
    return tmp_path


def boxes_of(root: Path, place: int = 1, **options: Any) -> list[dict[str, Any]]:
    return list(open_dataset("kaist", str(root), **options)[place].labels["boxes"])


def remarks_of(root: Path, **options: Any) -> tuple[str, str]:
    found = open_layout("kaist", str(root), options)
    list(found.scan())
    return found.annotations, "\n".join(found.remarks)


def test_sets_name_splits_hours_and_sequences(root: Path) -> None:
    write_kaist_pair(root, "set09/V000/I00020")
    entries, problems = scan("kaist", root)
    assert not problems
    facts = {n: (e.split, e.attributes["hour"], e.group, e.frame) for n, e in entries.items()}
    assert facts == {
        TRAIN: ("train", "day", "set00/V000", 0),
        TEST: ("test", "night", "set09/V000", 0),
        "set09/V000/I00020": ("test", "night", "set09/V000", 1),
    }


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_is_read(root: Path, generation: str) -> None:
    write_kaist_annotation(root, generation, TEST, BOXES)
    said, remarks = remarks_of(root)
    assert TITLES[generation] in said and said in remarks  # type: ignore[index]
    person, people = boxes_of(root)
    assert person["xyxy"] == [2.0, 3.0, 8.0, 15.0] and people["class"] == "people"
    assert person["difficult"] is False
    assert people["difficult"] is (generation != "json")  # which says `ignore` itself
    assert person["occlusion"] == (1 if generation == "json" else 0)
    assert ("thermal_xyxy" in person) == (generation == "paired")
    assert boxes_of(root, annotations=generation)[0]["xyxy"] == [2.0, 3.0, 8.0, 15.0]


def test_original_xml_has_x_y_w_h(root: Path) -> None:
    box = "<bndbox><x>2</x><y>3</y><w>6</w><h>12</h></bndbox><occlusion>2</occlusion>"
    text = f"<annotation><object><name>person?</name>{box}</object></annotation>"
    write_text(root / f"annotations-xml/{TEST}.xml", text)
    assert TITLES["original"] in remarks_of(root)[0]
    expected = {"class": "person?", "xyxy": [2, 3, 8, 15], "difficult": True, "occlusion": 2}
    assert boxes_of(root) == [expected]


def test_the_best_generation_of_each_split_is_taken_and_told(root: Path) -> None:
    for generation in ("bbgt", "sanitized", "paired"):
        write_kaist_annotation(root, generation, TRAIN, BOXES)
    for generation in ("bbgt", "json", "improved"):
        write_kaist_annotation(root, generation, TEST, BOXES)
    said, remarks = remarks_of(root)
    assert said == "train: paired (Zhang et al., 2019); test: improved (Liu et al., 2016)"
    assert "also there, option annotations: bbgt, json, sanitized" in remarks
    said, remarks = remarks_of(root, annotations="sanitized")
    assert said.startswith("train: sanitized") and "1 pairs of test have no boxes" in remarks
    with pytest.raises(InputError, match="found no annotations of the generation original"):
        remarks_of(root, annotations="original")


def test_an_object_that_one_modality_lacks_is_single(root: Path) -> None:
    write_kaist_annotation(root, "paired", TRAIN, BOXES)
    path = root / "annotations_paired/set00/V000/lwir/I00001.txt"
    write_text(path, kaist_text([("people", (11.0, 3.0, 21.0, 15.0))]))
    person, people = boxes_of(root, 0)
    assert person["single"] == "rgb" and "thermal_xyxy" not in person
    assert people["xyxy"] == [10.0, 3.0, 21.0, 15.0] and "single" not in people
    path.unlink()
    assert [box["single"] for box in boxes_of(root, 0)] == ["rgb", "rgb"]


def test_of_two_copies_one_is_read_and_the_other_told(root: Path) -> None:
    write_kaist_annotation(root, "improved", TEST, BOXES)
    write_text(root / f"improved/{TEST.replace('/', '_')}.txt", kaist_text(BOXES))
    _, remarks = remarks_of(root)
    assert "improved/*.txt: the same generation of annotations (improved)" in remarks
    assert len(boxes_of(root)) == 2


def test_matlabs_videos_are_told(root: Path) -> None:
    write_text(root / "annotations-vbb/set00/V000.vbb", "MATLAB")
    assert "1 annotations of videos (*.vbb)" in remarks_of(root)[1]


def test_lists_choose_pairs(root: Path) -> None:
    write_text(root / "imageSets/test-all-20.txt", f"{TEST}\r\nset11/V001/I00019\r\n\r\n")
    write_text(root / "imageSets/train-all-02.txt", "")
    entries, problems = scan("kaist", root)
    assert list(entries) == [TRAIN, TEST]
    assert "are not used (option lists): test-all-20, train-all-02" in remarks_of(root)[1]
    entries, problems = scan("kaist", root, lists="train-all-02, test-all-20.txt")
    assert list(entries) == [TEST]
    assert problems["set11/V001/I00019"].reason == "listed_but_missing"
    _, remarks = remarks_of(root, lists=["test-all-20"])
    assert "1 pairs are in them, 1 are left out" in remarks and "fits no pattern" not in remarks
    with pytest.raises(InputError, match=r"no imageSets/test-day-20\.txt; there are: test-all-20"):
        scan("kaist", root, lists="test-day-20")


def test_a_missing_frame_loses_one_pair(root: Path) -> None:
    (root / "images/set00/V000/lwir/I00001.jpg").unlink()
    entries, problems = scan("kaist", root)
    assert list(entries) == [TEST] and problems[TRAIN].reason == "missing_partner"
    assert "images/set00/V000/lwir/I00001.jpg" in problems[TRAIN].detail


@pytest.mark.parametrize("text", ["<html>", "person 1 2", "\0\1\2", "% bbGt\n1 2 3 4"])
def test_a_broken_file_costs_its_boxes_alone(root: Path, text: str) -> None:
    write_text(root / f"annotations/{TEST}.txt", text)
    assert "boxes" not in open_dataset("kaist", str(root))[1].labels


def test_xml_of_corners_is_read_too(root: Path) -> None:
    write_voc(root / f"sanitized-xml/{TRAIN}.xml", [("cyclist", (2, 3, 8, 15))])
    [box] = boxes_of(root, 0)
    assert box["xyxy"] == [2, 3, 8, 15] and box["difficult"]


def test_boxes_count_from_one_if_that_is_said(root: Path) -> None:
    write_kaist_annotation(root, "bbgt", TEST, BOXES)
    assert boxes_of(root, one_based=True)[0]["xyxy"] == [1.0, 2.0, 7.0, 14.0]
