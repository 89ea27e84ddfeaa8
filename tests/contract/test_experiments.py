"""Experiment sets fit the graph and the parameters."""

from pathlib import Path

import pytest

from flows.experiment_set import read_experiment_set, upstream_of
from flows.graph import Stage, read_graph
from flows.provenance import recipe_of, value_at
from tests.contract.conftest import ROOT
from twinband.core.params import parse

SETS = sorted((ROOT / "experiments").glob("*.yaml"))


@pytest.fixture(scope="module")
def graph() -> dict[str, Stage]:
    return read_graph(ROOT)


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_set_is_called_like_its_file_and_its_recipe_is_in_git(
    path: Path, graph: dict[str, Stage]
) -> None:
    experiment_set = read_experiment_set(path)
    assert experiment_set.name == path.stem
    upstream = upstream_of(experiment_set, graph)
    recipe = recipe_of(upstream, experiment_set.arms, experiment_set.seed_parameters, ROOT)
    assert all(recipe.inputs.values()), f"not in Git: {recipe.inputs}"


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_arms_and_seeds_change_parameters_that_there_are(path: Path) -> None:
    params = parse((ROOT / "params.yaml").read_text())
    experiment_set = read_experiment_set(path)
    changed = {key for changes in experiment_set.arms.values() for key in changes}
    for key in changed | set(experiment_set.seed_parameters):
        assert key.startswith("+") or value_at(params, key) is not None, f"{path.name}: {key}"
