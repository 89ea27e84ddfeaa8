"""Scores as flat JSON and as a table."""

import json
from math import nan

from rich.console import Console

from twinband.scoring.score import Score
from twinband.scoring.table import as_json, as_table

PROTOCOL = {"task": "kaist", "list": "test-all-20", "annotations": "improved test"}
SCORE = Score(
    {"reasonable": 7.5756, "near": nan},
    {**PROTOCOL, "mode": "strict"},
    {"day": {"reasonable": 7.95}},
    ("something odd",),
)


def text(**scores: Score) -> str:
    console = Console(width=180)
    with console.capture() as capture:
        console.print(as_table("kaist", scores))
    return capture.get()


def test_json_is_flat_and_has_no_nan() -> None:
    found = as_json("kaist", "a.txt", SCORE)
    assert found["reasonable"] == 7.5756 and found["near"] is None
    assert found["protocol"]["mode"] == "strict"
    assert found["slices"] == {"day": {"reasonable": 7.95}}
    assert (found["remarks"], found["predictions"]) == (["something odd"], "a.txt")
    assert "definition" not in found
    mlpd = next(row for row in found["published"] if row["name"] == "MLPD")
    assert mlpd["comparable"] and mlpd["values"]["reasonable"] == 7.58
    assert "NaN" not in json.dumps(found)


def test_a_definition_stands_beside_the_numbers() -> None:
    score = Score({"EN": 7.0}, {"task": "fusion", "definition": "zoo"})
    assert as_json("fusion", "a", score)["definition"] == "zoo"


def test_several_predictions_are_rows() -> None:
    other = Score({"reasonable": 14.952, "near": 0.04}, {**PROTOCOL, "mode": "evalai"})
    shown = text(**{"x/a.txt": SCORE, "x/b.txt": other})
    lines = shown.splitlines()
    assert next(line for line in lines if "a.txt" in line).split()[1:6] == (
        ["a.txt", "│", "7.5756", "│", "–"]
    )
    assert next(line for line in lines if "b.txt" in line).split()[3] == "14.952"
    assert "MLPD (published)" in shown
    assert "x/b.txt: mode: evalai" in shown  # what differs from the first is said
    assert "x/a.txt: something odd" in shown
    day = next(line for line in lines if " day " in line)
    assert day.split()[3] == "7.95"


def test_published_scores_of_another_protocol_are_marked() -> None:
    shown = text(a=Score({"reasonable": 9.0}, {**PROTOCOL, "mode": "evalai"}))
    assert "MLPD (not comparable)" in shown
    assert "not comparable: mode strict, here evalai" in shown


def test_equal_file_names_are_told_apart() -> None:
    shown = text(**{"x/found.txt": SCORE, "y/found.txt": SCORE})
    assert "│ x/found.txt" in shown and "│ y/found.txt" in shown
