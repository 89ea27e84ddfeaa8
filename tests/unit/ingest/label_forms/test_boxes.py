"""Boxes fitted to their images: cut off, left out, told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.boxes import Boxes, described, enclosed, fitted, turned
from twinband.ingest.notes import Notes

SIZES = [(320.0, 256.0), (160.0, 128.0)]
NAN, INF = math.nan, math.inf


def made(*boxes: list[float], size: tuple[float, float] | None = (320.0, 256.0)) -> Boxes:
    return Boxes("a.xml", [described("person", box, False) for box in boxes], size)


@pytest.mark.parametrize(
    ("box", "expected", "note"),
    [
        ([0, 0, 320, 256], [0, 0, 320, 256], None),
        ([-1, -1, 321, 257], [-1, -1, 321, 257], None),  # counting from 1
        ([-3, 10, 50, 60], [0, 10, 50, 60], "boxes_clipped"),
        ([300, 10, 324, 60], [300, 10, 320, 60], "boxes_clipped"),
        ([5, -9, 9, 9], [5, 0, 9, 9], "boxes_clipped"),
        ([5, 9, 9, 999], [5, 9, 9, 256], "boxes_clipped"),
        ([-9, -9, 999, 999], [0, 0, 320, 256], "boxes_clipped"),
        ([10, 10, 10, 30], None, "boxes_dropped"),
        ([10, 10, 30, 10], None, "boxes_dropped"),
        ([30, 10, 10, 30], None, "boxes_dropped"),
        ([NAN, 10, 10, 30], None, "boxes_dropped"),
        ([1, 10, INF, 30], None, "boxes_dropped"),
        ([400, 10, 500, 30], None, "boxes_dropped"),
        ([-50, 10, -20, 30], None, "boxes_dropped"),
        ([320, 10, 321, 30], None, "boxes_dropped"),
    ],
)
def test_one_bad_box_costs_neither_the_others_nor_the_label(
    box: list[float], expected: list[float] | None, note: str | None
) -> None:
    notes, good = Notes(), [100, 100, 150, 200]
    found = [item["xyxy"] for item in fitted(made([*good], box), SIZES, notes)]
    assert found == [good, *([expected] if expected else [])]
    assert notes.words() == ([note] if note else [])
    if note:
        assert notes.cases[note].startswith("bad_label: a.xml: the box ")
        with pytest.raises(BadSample, match="bad_label"):
            fitted(made([*good], box), SIZES, Notes(strict=True))


@given(
    box=st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4),
    size=st.none() | st.sampled_from([*SIZES, (99.0, 99.0)]),
)
def test_what_is_kept_has_area_on_an_image(box: list[float], size: tuple[float, float]) -> None:
    notes = Notes()
    for item in fitted(made(box, size=size), SIZES, notes):
        x1, y1, x2, y2 = item["xyxy"]
        assert -1 <= x1 < x2 <= 321 and -1 <= y1 < y2 <= 257
        assert (item["xyxy"] == box) == ("boxes_clipped" not in notes.cases)


@pytest.mark.parametrize(
    ("size", "inside", "told"),
    [
        ((160.0, 128.0), 160, False),
        ((320.0, 256.0), 320, False),
        (None, 320, False),
        ((640.0, 512.0), 320, True),
    ],
)
def test_the_stated_size_names_the_image(
    size: tuple[float, float] | None, inside: float, told: bool
) -> None:
    notes = Notes()
    [item] = fitted(made([10, 10, 999, 20], size=size), SIZES, notes)
    assert item["xyxy"][2] == inside
    assert item.get("image_size") == (None if told or size is None else [*size])
    assert ("label_size_differs" in notes.cases) == told
    if told:
        said = "a.xml: states 640 x 512 px, the images are 320 x 256 and 160 x 128"
        assert notes.cases["label_size_differs"] == said


def test_outlines_have_an_envelope_and_corners() -> None:
    points = [[20.0, 30.0], [60.0, 28.0], [62.0, 50.0], [22.0, 52.0]]
    item = enclosed("car", points, False)
    assert item["xyxy"] == [20.0, 28.0, 62.0, 52.0] and item["corners"] == points


@given(x=st.floats(0, 99), width=st.floats(1, 50), height=st.floats(1, 50), angle=st.floats(-7, 7))
def test_a_turned_box_keeps_centre_and_sides(
    x: float, width: float, height: float, angle: float
) -> None:
    points = turned((x, 5.0), (width, height), angle)
    assert math.isclose(sum(p[0] for p in points) / 4, x, abs_tol=1e-6)
    assert math.isclose(math.dist(points[0], points[1]), width, rel_tol=1e-9)
    assert math.isclose(math.dist(points[1], points[2]), height, rel_tol=1e-9)
