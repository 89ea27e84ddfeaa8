"""Published scores: where they may stand beside ours, and why not elsewhere."""

from math import nan

from twinband.scoring.anchors import ANCHORS, comparable
from twinband.scoring.score import Score, tasks

PROTOCOL = {"list": "test-all-20", "annotations": "improved test", "mode": "strict"}


def test_of_equal_protocol() -> None:
    rows = comparable("kaist", Score({"reasonable": 9.0}, PROTOCOL))
    mlpd = next(row for row in rows if row.name == "MLPD")
    assert mlpd.comparable and not mlpd.why
    assert mlpd.values == {
        "reasonable": 7.58,
        "reasonable_day": 7.95,
        "reasonable_night": 6.95,
    }
    assert mlpd.source


def test_of_another_protocol_it_is_said_what_differs() -> None:
    rows = comparable("kaist", Score({}, {**PROTOCOL, "mode": "evalai", "list": "mine"}))
    mlpd = next(row for row in rows if row.name == "MLPD")
    assert not mlpd.comparable
    assert mlpd.why == "list test-all-20, here mine; mode strict, here evalai"


def test_comparable_ones_come_first() -> None:
    flags = [row.comparable for row in comparable("kaist", Score({}, PROTOCOL))]
    assert flags == sorted(flags, reverse=True) and len(set(flags)) == 2


def test_long_protocols_are_cut() -> None:
    score = Score({}, {"images": "3463", "classes": ", ".join(f"class {k}" for k in range(80))})
    why = next(row.why for row in comparable("coco-bbox", score) if "LLVIP" in row.name)
    assert len(why) < 120


def test_every_anchor_is_of_a_task_and_has_a_source() -> None:
    assert set(ANCHORS) <= set(tasks())
    for anchors in ANCHORS.values():
        for anchor in anchors:
            assert anchor.source and anchor.protocol and anchor.values
            assert not all(value is nan for value in anchor.values.values())


def test_a_task_without_anchors() -> None:
    assert comparable("coco-segm", Score({"ap": 0.5}, {})) == []
