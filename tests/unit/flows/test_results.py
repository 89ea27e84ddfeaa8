"""The table of a set: what is kept, replaced and dropped."""

import json
from pathlib import Path

import pytest

from flows.experiment_set import ExperimentSetError
from flows.provenance import Recipe
from flows.results import Results, to_csv

TODAY = Recipe({"src": "1"}, {"model": "2"}, {"a": {"width": 1}, "b": {"width": 2}})
OTHER = Recipe({"src": "9"}, {"model": "2"}, TODAY.arms)
WANTED = [("a", 0), ("a", 1), ("b", 0)]


def open_results(folder: Path, recipe: Recipe = TODAY) -> Results:
    return Results(folder, "widths", recipe, WANTED, ["m"])


def row(arm: str, seed: int, value: float) -> dict[str, object]:
    return {"arm": arm, "seed": seed, "commit": "0a", "processor": "P", "m": value}


def test_rows_of_today_are_known_again(tmp_path: Path) -> None:
    open_results(tmp_path).add(row("a", 0, 0.1 + 0.2))
    results = open_results(tmp_path)
    assert results.has("a", 0) and not results.has("a", 1)
    text = (tmp_path / "widths.csv").read_text()
    code = TODAY.code
    assert text == f"arm,seed,commit,processor,code,m\na,0,0a,P,{code},0.30000000000000004\n"
    assert json.loads((tmp_path / "widths.recipes.json").read_text())[code]["inputs"] == {
        "src": "1"
    }


def test_rows_of_other_code_stay_until_they_are_replaced(tmp_path: Path) -> None:
    for seed in (0, 1):
        open_results(tmp_path, OTHER).add(row("a", seed, 1.0))
    results = open_results(tmp_path)
    assert not results.has("a", 0) and results.rows() == []
    results.add(row("a", 0, 2.0))
    assert [row["m"] for row in results.rows()] == [2.0]
    lines = (tmp_path / "widths.csv").read_text().splitlines()[1:]
    assert [line.split(",")[4] for line in lines] == [TODAY.code, OTHER.code]
    assert set(json.loads((tmp_path / "widths.recipes.json").read_text())) == {
        TODAY.code,
        OTHER.code,
    }
    results.add(row("a", 1, 2.0))
    assert set(json.loads((tmp_path / "widths.recipes.json").read_text())) == {TODAY.code}


def test_an_edited_arm_runs_again_and_the_others_do_not(tmp_path: Path) -> None:
    for arm in ("a", "b"):
        open_results(tmp_path).add(row(arm, 0, 1.0))
    edited = Recipe(TODAY.inputs, TODAY.params, {**TODAY.arms, "b": {"width": 3}})
    assert edited.code == TODAY.code
    results = open_results(tmp_path, edited)
    assert results.has("a", 0) and not results.has("b", 0)


def test_rows_from_before_provenance_are_other_code(tmp_path: Path) -> None:
    (tmp_path / "widths.csv").write_text("arm,seed,m\na,0,1.0\nc,0,1.0\n")
    results = open_results(tmp_path)
    assert not results.has("a", 0)
    results.add(row("b", 0, 2.0))
    lines = (tmp_path / "widths.csv").read_text().splitlines()
    assert lines[1:] == ["a,0,,,,1.0", f"b,0,0a,P,{TODAY.code},2.0"]


def test_a_new_metric_wants_all_rows_anew(tmp_path: Path) -> None:
    open_results(tmp_path).add(row("a", 0, 1.0))
    assert not Results(tmp_path, "widths", TODAY, WANTED, ["m", "n"]).has("a", 0)


def test_csv_has_unix_line_ends_and_full_precision() -> None:
    rows = [{"arm": "a", "m": 0.1 + 0.2}]
    assert to_csv(rows, ["arm", "m"]) == "arm,m\na,0.30000000000000004\n"


@pytest.mark.parametrize("name", ["widths.csv", "widths.recipes.json"])
@pytest.mark.parametrize("text", ["arm,seed\na,x\n", "[]", "\0", '{"a": 1'])
def test_damaged_files_are_told(tmp_path: Path, name: str, text: str) -> None:
    open_results(tmp_path).add(row("a", 0, 1.0))
    (tmp_path / name).write_text(text)
    if name.endswith(".csv") and "seed" not in text:
        open_results(tmp_path)  # a table without rows
        return
    with pytest.raises(ExperimentSetError, match="git checkout --"):
        open_results(tmp_path)
