"""Experiment sets fit the graph, and the report depends on what it compares their results by."""

from pathlib import Path

import pytest
import yaml

from flows.experiment_set import read_experiment_set, upstream_of
from flows.graph import Stage, read_graph
from flows.provenance import recipe_of, value_at
from tests.contract.conftest import ROOT

SETS = sorted((ROOT / "experiments").glob("*.yaml"))


@pytest.fixture(scope="module")
def graph() -> dict[str, Stage]:
    return read_graph(ROOT)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_report_would_see_any_change_of_what_decides_a_set(
    path: Path, graph: dict[str, Stage]
) -> None:
    experiment_set = read_experiment_set(path)
    assert experiment_set.name == path.stem
    upstream = upstream_of(experiment_set, graph)
    recipe = recipe_of(upstream, experiment_set.arms, experiment_set.seed_parameters, ROOT)
    report = graph["report"]
    unseen = {path for path in recipe.inputs if not _below(path, report.inputs)}
    unseen |= {key for key in recipe.params if not _named(key, report.parameters)}
    assert not unseen, f"stage report in dvc.yaml should depend on {sorted(unseen)}"
    assert all(recipe.inputs.values()), f"not in Git: {recipe.inputs}"


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_arms_and_seeds_change_parameters_that_there_are(path: Path) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    experiment_set = read_experiment_set(path)
    changed = {key for changes in experiment_set.arms.values() for key in changes}
    for key in changed | set(experiment_set.seed_parameters):
        assert key.startswith("+") or value_at(params, key) is not None, f"{path.name}: {key}"


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _named(key: str, tracked: tuple[str, ...]) -> bool:
    return any(f"{key}.".startswith(f"{name}.") for name in tracked)
