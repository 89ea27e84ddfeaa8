"""Results of this tree's code and parameters, and older ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.graph import Resources, Stage
from flows.provenance import git, recipe_of
from flows.results import Results
from twinband.report.experiments import read_experiments

SET = {
    "description": "Does width help?",
    "arms": {"base": {}, "wide": {"model.width": 4, "+model.extra": 1}},
    "seed_parameters": ["seed"],
}
PARAMS = {"seed": 7, "model": {"width": 1, "depth": 2}, "runtime": {"workers": 2}}
STAGES = [Stage("fit", (), False, ("code", "one.py"), (), (), ("model", "seed"), Resources())]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with results of two arms, just made by its own code."""
    for path in ("code/a.py", "one.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    write(tmp_path, "params.yaml", PARAMS)
    (tmp_path / "experiments").mkdir()
    write(tmp_path, "experiments/widths.yaml", SET)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    recipe = recipe_of(STAGES, SET["arms"], SET["seed_parameters"], tmp_path)  # type: ignore[arg-type]
    wanted = [(arm, seed) for arm in ("base", "wide") for seed in (0, 1)]
    folder = tmp_path / "experiments/results"
    results = Results(folder, "widths", recipe, wanted, ["m.json:a"])
    for arm, seed in wanted:
        results.add({"arm": arm, "seed": seed, "commit": "1", "processor": "P", "m.json:a": 0.5})
    return tmp_path


def write(tree: Path, path: str, data: object) -> None:
    (tree / path).write_text(yaml.safe_dump(data))


def older(tree: Path) -> dict[str, int]:
    params: dict[str, Any] = yaml.safe_load((tree / "params.yaml").read_text())
    return read_experiments("widths", tree / "experiments", tree, params).older


def test_results_of_this_tree_are_not_older(tree: Path) -> None:
    assert older(tree) == {"base": 0, "wide": 0}
    (tree / "code/__pycache__").mkdir()
    (tree / "code/__pycache__/a.pyc").write_text("")
    write(tree, "params.yaml", {**PARAMS, "seed": 8, "runtime": {"workers": 9}})
    assert older(tree) == {"base": 0, "wide": 0}


@pytest.mark.parametrize("path", ["code/a.py", "code/new.py", "one.py"])
def test_other_code_makes_all_results_older(tree: Path, path: str) -> None:
    (tree / path).write_text("other")
    assert older(tree) == {"base": 2, "wide": 2}


def test_other_parameters_make_results_older(tree: Path) -> None:
    write(tree, "params.yaml", {**PARAMS, "model": {"width": 1, "depth": 3}})
    assert older(tree) == {"base": 2, "wide": 2}
    write(tree, "params.yaml", {**PARAMS, "model": {"width": 9, "depth": 2}})
    assert older(tree) == {"base": 2, "wide": 0}  # wide sets its own


def test_another_arm_of_the_name_makes_its_results_older(tree: Path) -> None:
    write(
        tree, "experiments/widths.yaml", {**SET, "arms": {"base": {}, "wide": {"model.width": 5}}}
    )
    assert older(tree)["wide"] == 2


def test_numbers_of_an_arm_are_read_as_dvc_reads_them(tree: Path) -> None:
    path = tree / "experiments/widths.yaml"
    path.write_text(path.read_text().replace("model.width: 4", "model.width: 4e0"))
    assert "4e0" in path.read_text() and older(tree) == {"base": 0, "wide": 0}


def test_results_from_before_provenance_are_older(tree: Path) -> None:
    (tree / "experiments/results/widths.recipes.json").unlink()
    (tree / "experiments/results/widths.csv").write_text(
        "arm,seed,commit,processor,code,m.json:a\nbase,0,,,,0.5\n"
    )
    assert older(tree) == {"base": 1}
