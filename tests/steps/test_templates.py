"""Templates that a step fills in itself, and the item that DVC runs it for."""

import shlex

import pytest
import yaml

from pipeline_steps.harness.templates import filled, item_of_dvc, names_of
from tests.made.raw_pairs import write_pairs
from tests.steps.conftest import INGEST, Project
from twinband.core.params import ParamsError

PARAMS = {"ingest": {"items": {"a": {"source": "data/raw/a b"}}}, "pool": {"hold_out": "x.txt"}}


def test_templates_are_filled_in() -> None:
    names = names_of("ingest", "a", PARAMS)
    assert filled("${item.source}/${key}.csv", names) == "data/raw/a b/a.csv"
    assert filled("${pool.hold_out}", names_of("pool", None, PARAMS)) == "x.txt"
    assert filled("plain $key {item.source}", names) == "plain $key {item.source}"


@pytest.mark.parametrize("text", ["${item.absent}", "${nothing}", "${item.source.more}"])
def test_what_is_not_there_is_told(text: str) -> None:
    with pytest.raises(ParamsError, match=r"dvc\.yaml names \$\{.*\}, which is not there"):
        filled(text, names_of("ingest", "a", PARAMS))


@pytest.mark.parametrize(
    ("stage", "item"),
    [("ingest@a", "a"), ("register@a", None), ("ingest", None), ("", None), ("ingest@a@b", "a@b")],
)
def test_dvc_names_the_item(stage: str, item: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", stage)
    assert item_of_dvc("ingest") == item


def test_a_step_is_run_by_its_templates(project: Project) -> None:
    """As DVC runs it: the command of dvc.yaml, and the item in the environment."""
    write_pairs(project.root / "data/raw/made-up", 4)
    project.write_ingest_params()
    graph = yaml.safe_load((project.root / "dvc.yaml").read_text())
    _, _, _, *options = shlex.split(graph["stages"]["ingest"]["do"]["cmd"].replace("\\${", "${"))
    assert "${item.source}" in options
    done = project.run("ingest", *options, DVC_STAGE="ingest@made-up")
    assert done.returncode == 0, done.stdout
    assert all(path.exists() for path in project.outputs)


def test_without_an_item_a_step_says_what_it_needs(project: Project) -> None:
    done = project.run("ingest", *INGEST[2:], DVC_STAGE="")
    assert done.returncode == 2 and "--item" in done.stdout
