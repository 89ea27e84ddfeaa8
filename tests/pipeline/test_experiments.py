"""`dvc exp run` in its three forms, each on its own tree's parameters and code."""

import json

import pytest

from tests.made.project import Project

pytestmark = pytest.mark.slow
PARAMETER = "evaluate.common.probe_hog.options.cell_px"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project cut down to one dataset and one evaluation, with committed results."""
    project = Project(tmp_path_factory.mktemp("experiments"), "test")
    params = project.params()
    only = "sample-crops"
    for stage in ("sample_world", "ingest", "register"):
        params[stage]["items"] = {only: params[stage]["items"][only]}
    params["cmss"]["items"] = {only: {"model": "models/mae"}}
    params["pool"]["datasets"] = [only]
    params["evaluate"]["items"] = {"probe-hog": params["evaluate"]["items"]["probe-hog"]}
    for stage in ("sam_masks", "pseudo_labels"):
        params[stage]["items"] = {}
    del params["pretrain"]["items"]["multimae"]  # it learns from labels
    project.write_params(params)
    project.run("dvc", "repro")
    project.commit("results")
    return project


def rows(project: Project) -> dict[str, dict[str, object]]:
    """Experiments by name: cell size and accuracy."""
    shown = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    found = {}
    for revision in shown:
        for experiment in revision.get("experiments") or []:
            data = experiment["revs"][0]
            assert not data.get("error"), data
            values = data["data"]
            common = values["params"]["params.yaml"]["data"]["evaluate"]["common"]
            metrics = values["metrics"]["metrics/evaluate/probe-hog.json"]["data"]
            found[data["name"]] = {
                "cell_px": common["probe_hog"]["options"]["cell_px"],
                "accuracy": metrics["hog_rgb"],
            }
    return found


def test_run_in_the_workspace(project: Project) -> None:
    project.run("dvc", "exp", "run", "--name", "workspace", "-S", f"{PARAMETER}=12")
    assert rows(project)["workspace"]["cell_px"] == 12
    project.run("git", "checkout", "--", ".")
    project.run("dvc", "checkout", "--force")


def test_run_in_a_copy_uses_the_copys_code(project: Project) -> None:
    """The copy is made of HEAD and uncommitted changes; the installed twinband is another one."""
    module = project.root / "src/twinband/benchmarks/probe_hog.py"
    original = module.read_text()
    changed = original.replace(
        "for name in MODALITIES},", 'for name in MODALITIES} | {"copied": 7},'
    )
    assert changed != original
    module.write_text(changed)
    project.run("dvc", "exp", "run", "--temp", "--name", "copy", "-S", f"{PARAMETER}=16")
    module.write_text(original)
    assert rows(project)["copy"]["cell_px"] == 16
    recorded = project.run("dvc", "exp", "show", "--json").stdout
    assert '"copied": 7' in recorded


def test_queue_of_three(project: Project) -> None:
    project.run("dvc", "exp", "run", "--queue", "-S", f"{PARAMETER}=6,8,24")
    project.run("dvc", "exp", "run", "--run-all")
    assert {6, 8, 24} <= {row["cell_px"] for row in rows(project).values()}
    table = project.run("make", "-s", "experiments", "INSTALLED=params.yaml").stdout
    assert "probe_hog.options.cell_px" in table
    assert max(map(len, table.splitlines())) <= 200
    assert "src/twinband" not in table
