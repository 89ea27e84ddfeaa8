"""`dvc exp run` in its three forms, each on its own tree's parameters and code."""

import json

import pytest

from tests.made.project import Project

pytestmark = pytest.mark.slow
PARAMETER = "evaluate.items.probe-hog.options.cell_px"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project cut down to one dataset and one evaluation, with committed results."""
    project = Project(tmp_path_factory.mktemp("experiments"), "test")
    params = project.params()
    only = "sample-crops"
    for section in ("sample_world", "ingest", "register"):
        params[section]["datasets"] = {only: params[section]["datasets"][only]}
    params["cmss"]["datasets"] = {only: {}}
    params["cmss_mixture"]["datasets"] = [only]
    params["pool"] |= {"datasets": [only], "protect": [only]}
    params["evaluate"]["items"] = {"probe-hog": params["evaluate"]["items"]["probe-hog"]}
    for section in ("sam_masks", "pseudo_labels"):
        params[section]["datasets"] = {}
    params["report"] |= {"datasets": [only], "cmss": [only], "evaluations": ["probe-hog"]}
    params["report"] |= {"masks": [], "pseudo_labels": []}
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
            items = values["params"]["params.yaml"]["data"]["evaluate"]["items"]
            metrics = values["metrics"]["metrics/evaluate/probe-hog.json"]["data"]
            found[data["name"]] = {
                "cell_px": items["probe-hog"]["options"]["cell_px"],
                "accuracy": metrics["accuracy"]["rgb"]["overall"],
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
        '"most_frequent_class": rounded(', '"most_frequent_class": 7 + rounded('
    )
    assert changed != original
    module.write_text(changed)
    project.run("dvc", "exp", "run", "--temp", "--name", "copy", "-S", f"{PARAMETER}=16")
    module.write_text(original)
    assert rows(project)["copy"]["cell_px"] == 16
    recorded = project.run("dvc", "exp", "show", "--json").stdout
    assert '"most_frequent_class": 7' in recorded


def test_queue_of_three(project: Project) -> None:
    project.run("dvc", "exp", "run", "--queue", "-S", f"{PARAMETER}=6,8,24")
    project.run("dvc", "exp", "run", "--run-all")
    assert {6, 8, 24} <= {row["cell_px"] for row in rows(project).values()}
    table = project.run("make", "-s", "experiments", "INSTALLED=params.yaml").stdout
    assert "probe-hog.options.cell_px" in table
    assert "src/twinband" not in table
