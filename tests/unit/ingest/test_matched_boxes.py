"""Two lists of boxes of a pair, matched and united."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.boxes import Boxes, described, enclosed
from twinband.ingest.matched_boxes import TwoLists, two_lists, union_of
from twinband.ingest.notes import Notes

SIZE = (640.0, 512.0)
Box = tuple[float, float, float, float]
A, A_MOVED = (100, 100, 140, 200), (110, 102, 150, 202)
B, B_MOVED = (300, 100, 340, 200), (305, 100, 345, 200)
FAR = (500, 300, 540, 400)
FLAT, FLAT_BELOW = (100, 100, 200, 110), (100, 115, 200, 125)


def made(path: str, boxes: list[Any]) -> Boxes:
    named = [box if isinstance(box[0], str) else ("person", box) for box in boxes]
    return Boxes(path, [described(name, box, False) for name, box in named])


def united(
    rgb: list[Any], thermal: list[Any], in_order: bool = False, notes: Notes | None = None
) -> list[dict[str, Any]]:
    lists = TwoLists(made("rgb.txt", rgb), made("thermal.txt", thermal), in_order)
    return union_of(lists, [SIZE, SIZE], notes or Notes())


def couples(found: list[dict[str, Any]]) -> list[tuple[Box | None, Box | None]]:
    def told(item: dict[str, Any], field: str) -> Box | None:
        return tuple(item[field]) if field in item else None

    return [(told(item, "rgb_xyxy"), told(item, "thermal_xyxy")) for item in found]


@pytest.mark.parametrize(
    ("rgb", "thermal", "in_order", "expected"),
    [
        ([A], [A], False, [(A, A)]),
        ([A], [A_MOVED], False, [(A, A_MOVED)]),
        ([A, B], [B_MOVED, A_MOVED], False, [(A, A_MOVED), (B, B_MOVED)]),
        ([A, B], [B_MOVED, A_MOVED], True, [(A, A_MOVED), (B, B_MOVED)]),  # in no order after all
        ([A, B], [A_MOVED], False, [(A, A_MOVED), (B, None)]),
        ([A], [A_MOVED, FAR], True, [(A, A_MOVED), (None, FAR)]),
        ([A], [FAR], False, [(A, None), (None, FAR)]),
        ([A], [FAR], True, [(A, None), (None, FAR)]),
        ([A], [], False, [(A, None)]),
        ([], [A], False, [(None, A)]),
        ([], [], False, []),
        ([A], [("cyclist", A)], False, [(A, None), (None, A)]),
        ([("car", A), A], [A, ("car", A)], False, [(A, A), (A, A)]),
        ([FLAT], [FLAT_BELOW], False, [(FLAT, FLAT_BELOW)]),  # apart, but by less than half a width
        ([A], [(140, 100, 180, 200)], False, [(A, None), (None, (140, 100, 180, 200))]),
        # Two that overlap both: the best in all, not the best first.
        ([(0, 0, 10, 10), (4, 0, 14, 10)], [(3, 0, 13, 10), (9, 0, 19, 10)], False,
         [((0, 0, 10, 10), (3, 0, 13, 10)), ((4, 0, 14, 10), (9, 0, 19, 10))]),
        # The order says what overlap would not.
        ([(0, 0, 10, 10), (8, 0, 18, 10)], [(8, 0, 18, 10), (16, 0, 26, 10)], True,
         [((0, 0, 10, 10), (8, 0, 18, 10)), ((8, 0, 18, 10), (16, 0, 26, 10))]),
    ],
)  # fmt: skip
def test_boxes_of_one_object_are_matched(
    rgb: list[Any],
    thermal: list[Any],
    in_order: bool,
    expected: list[tuple[Box | None, Box | None]],
) -> None:
    found = united(rgb, thermal, in_order)
    assert couples(found) == expected
    for item, (one, other) in zip(found, expected, strict=True):
        assert item.get("single") == (None if one and other else "rgb" if one else "thermal")
        there = [box for box in (one, other) if box]
        assert item["xyxy"] == [
            *(min(box[side] for box in there) for side in (0, 1)),
            *(max(box[side] for box in there) for side in (2, 3)),
        ]


def test_a_list_that_is_missing_says_nothing_of_its_objects() -> None:
    found = union_of(TwoLists(None, made("t.txt", [A])), [SIZE, SIZE], Notes())
    assert couples(found) == [(None, A)] and found[0]["single"] == "thermal"


def test_a_broken_list_costs_both() -> None:
    def read(path: str) -> Boxes:
        if path == "t.txt":
            raise BadSample("bad_label", path)
        return made(path, [A])

    assert two_lists(read, "r.txt", None).thermal is None
    with pytest.raises(BadSample):
        two_lists(read, "r.txt", "t.txt")


def test_a_box_that_is_dropped_does_not_move_the_order() -> None:
    notes, outside = Notes(), (900, 900, 950, 950)
    found = united([outside, A, B], [A, A_MOVED, B_MOVED], True, notes)
    assert couples(found) == [(A, A_MOVED), (B, B_MOVED), (None, A)]
    assert notes.words() == ["boxes_dropped"]


def test_both_images_may_differ_in_size() -> None:
    lists = TwoLists(made("r", [(200, 200, 280, 400)]), made("t", [A]))
    [item] = union_of(lists, [(1280.0, 1024.0), SIZE], Notes())
    assert item["rgb_xyxy"] == [200, 200, 280, 400] and item["thermal_xyxy"] == [*A]
    assert item["xyxy"] == [200, 200, 280, 400] and item["image_size"] == [1280, 1024]


def test_corners_are_kept_by_modality() -> None:
    corners = [[10.0, 10.0], [30.0, 12.0], [28.0, 30.0], [8.0, 28.0]]
    lists = TwoLists(Boxes("r", [enclosed("car", corners, False)]), Boxes("t"))
    [item] = union_of(lists, [SIZE, SIZE], Notes())
    assert item["rgb_corners"] == corners and "corners" not in item


@pytest.mark.parametrize(("one", "other", "expected"), [(0, 2, 0), (2, 1, 1), (1, None, 1)])
def test_an_object_counts_as_it_is_seen_best(one: int, other: int | None, expected: int) -> None:
    rgb = {**described("person", A, True), "occlusion": one}
    thermal = {**described("person", A, False), **({} if other is None else {"occlusion": other})}
    [item] = union_of(TwoLists(Boxes("r", [rgb]), Boxes("t", [thermal])), [SIZE, SIZE], Notes())
    assert item["occlusion"] == expected and item["difficult"] is False


BOXES = st.lists(
    st.tuples(
        st.sampled_from(["person", "car"]),
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30)),
    ),
    max_size=6,
)


@given(rgb=BOXES, thermal=BOXES, in_order=st.booleans())
def test_every_box_is_in_the_union_once(rgb: Any, thermal: Any, in_order: bool) -> None:
    one, other = (
        [(name, (x, y, x + w, y + h)) for name, (x, y, w, h) in own] for own in (rgb, thermal)
    )
    found = united(one, other, in_order)
    for boxes, field in ((one, "rgb_xyxy"), (other, "thermal_xyxy")):
        there = [(item["class"], tuple(item[field])) for item in found if field in item]
        assert sorted(there) == sorted(boxes)
    for item in found:
        assert ("single" in item) == (not {"rgb_xyxy", "thermal_xyxy"} <= item.keys())
        assert not {"place", "corners"} & item.keys()
        own = [item[field] for field in ("rgb_xyxy", "thermal_xyxy") if field in item]
        assert all(item["xyxy"][0] <= box[0] and item["xyxy"][3] >= box[3] for box in own)


@given(BOXES)
def test_a_list_matches_itself(boxes: Any) -> None:
    own = [(name, (x, y, x + w, y + h)) for name, (x, y, w, h) in boxes]
    assert all(one == other for one, other in couples(united(own, own)))
