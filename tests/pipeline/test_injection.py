"""Commands hidden in params.yaml run neither under plain `dvc repro` nor under anything else."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.made.injections import COMMANDS, ODD, injected
from tests.made.project import Project

pytestmark = pytest.mark.slow
LONG = pytest.mark.long


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose sections have no items."""
    project = Project(tmp_path_factory.mktemp("injection") / "fresh", "test")
    params = project.params()
    for section in params.values():
        if "items" in section:
            section["items"] = {}
    params["pool"]["datasets"] = []
    project.write_params(params)
    return project


def written(project: Project, **items: dict[str, Any]) -> None:
    """Give some sections items, in the shortest form that DVC reads as these values."""
    params = project.params()
    for stage, own in items.items():
        params[stage]["items"] = own
    (project.root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


ITEM = {"layout": "roadscene", "count": 1, "seed": 1}
SOME_OR_ALL = pytest.mark.parametrize(
    "commands",
    [pytest.param(COMMANDS[::3], id="some"), pytest.param(COMMANDS, id="all", marks=LONG)],
)


@SOME_OR_ALL
def test_names_of_items(fresh: Project, commands: tuple[str, ...], tmp_path: Path) -> None:
    project = fresh.copy(tmp_path / "names")
    written(project, sample_world=dict.fromkeys(commands, ITEM))
    done = project.run("dvc", "repro", "--keep-going", "sample_world", check=False)
    assert done.returncode and not injected(tmp_path), done.stdout + done.stderr
    ran = done.stdout.count("Running stage")
    assert len(commands) // 2 <= ran <= done.stderr.count("a name has lower-case letters")


@SOME_OR_ALL
def test_paths_that_exist(fresh: Project, commands: tuple[str, ...], tmp_path: Path) -> None:
    project = fresh.copy(tmp_path / "paths")
    paths = [f"data/{text}" for text in commands if "\n" not in text]
    for path in paths:
        (project.root / path).mkdir(parents=True)
    sources = {f"d{n}": {"reader": "roadscene", "source": path} for n, path in enumerate(paths)}
    written(project, ingest=sources)
    done = project.run("dvc", "repro", "--keep-going", "ingest", check=False)
    assert done.returncode and not injected(tmp_path), done.stdout + done.stderr
    assert done.stderr.count("a path has letters") >= len(paths) // 2, done.stderr


def test_one_experiment_by_a_setting(fresh: Project, tmp_path: Path) -> None:
    project = fresh.copy(tmp_path / "experiment")
    project.commit("params")
    value = "'data/raw/$(touch injected-0)'"
    setting = f"+ingest.items.d={{reader: roadscene, source: {value}}}"
    done = project.run("dvc", "exp", "run", "-S", setting, "ingest", check=False)
    assert done.returncode and not injected(tmp_path), done.stdout + done.stderr


@pytest.mark.parametrize("command", [("make", "repro"), ("twinband", "doctor")])
def test_all_is_refused_before_anything_starts(
    fresh: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    project = fresh.copy(tmp_path / "refused")
    (project.root / ".venv").mkdir()
    (project.root / ".venv/.installed").touch()
    written(project, sample_world=dict.fromkeys([*COMMANDS, *ODD], ITEM))
    done = project.run(*command, check=False)
    assert done.returncode == 2 and not injected(tmp_path), done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert said.count("a name has lower-case letters") == len(COMMANDS) + len(ODD)
    assert "Running stage" not in said
