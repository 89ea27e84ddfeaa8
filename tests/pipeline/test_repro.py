"""`dvc repro` on the test profile: complete, repeatable, minimal."""

import json
import sys
from pathlib import Path

import pytest

from tests.made.project import Project

pytestmark = pytest.mark.slow

READER = '''"""A layout that twinband did not know before."""

from twinband.readers.roadscene import Layout as RoadScene


class Layout(RoadScene):
    """RoadScene under another name."""
'''


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project, in a path with a space, after its first `dvc repro`."""
    project = Project(tmp_path_factory.mktemp("a project"), "test")
    project.run("dvc", "repro")
    project.commit("first results")
    return project


def test_first_run_makes_everything(reproduced: Project) -> None:
    listed = reproduced.run("dvc", "stage", "list", "--name-only").stdout.split()
    assert set(reproduced.lock()) == set(listed)
    assert (reproduced.root / "reports/index.html").is_file()
    assert reproduced.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    assert reproduced.run("twinband", "verify").returncode == 0


def test_make_report_adds_the_runs_of_this_machine(reproduced: Project) -> None:
    assert reproduced.run("make", "INSTALLED=", "report").returncode == 0
    both = (
        reproduced.root / ".work/report-with-runs/index.html",
        reproduced.root / "reports/index.html",
    )
    with_runs, without = (path.read_text(encoding="utf-8") for path in both)
    assert "pretrain@mspecgene" in with_runs and len(with_runs) > len(without)


def test_second_run_does_nothing(reproduced: Project) -> None:
    before = (reproduced.root / "dvc.lock").read_bytes()
    output = reproduced.run("dvc", "repro").stdout
    assert "Running stage" not in output
    assert (reproduced.root / "dvc.lock").read_bytes() == before
    assert reproduced.run("git", "status", "--short").stdout == ""


def test_clean_runs_give_equal_locks_whatever_the_workers(
    reproduced: Project, tmp_path: Path
) -> None:
    again = Project(tmp_path, "test")
    params = again.params()
    params["runtime"]["workers"] = 1
    again.write_params(params)
    again.run("dvc", "repro")
    locks = [(project.root / "dvc.lock").read_bytes() for project in (reproduced, again)]
    assert locks[0] == locks[1]


def test_a_new_reader_and_dataset_run_nothing_else(reproduced: Project, tmp_path: Path) -> None:
    (reproduced.root / "src/twinband/readers/newcomer.py").write_text(READER)
    assert reproduced.run("dvc", "status").stdout.strip() == "Data and pipelines are up to date."
    params = reproduced.params()
    datasets = params["ingest"]["items"]
    datasets["newcomer"] = {**datasets["sample-roadscene"], "reader": "newcomer"}
    registered = params["register"]["items"]
    registered["newcomer"] = registered["sample-roadscene"]
    reproduced.write_params(params)
    output = reproduced.run("dvc", "repro").stdout
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert ran == {"ingest@newcomer", "register@newcomer", "pool", "report"}
    reproduced.run("git", "checkout", "--", "params.yaml", "dvc.lock")
    reproduced.run("git", "clean", "--force", "--quiet", "-d", "src", "metrics", "facts")
    reproduced.run("dvc", "checkout", "--force")


PLUG_INS = {
    "annotators/newcomer.py": "",
    "arms/newcomer.py": "",
    "backends/newcomer.py": "",
    "benchmarks/newcomer.py": "",
    "layouts/newcomer.py": "",
    "methods/newcomer/model.py": "",
    "metrics/newcomer.py": "",
    "models/newcomer.py": "",
    "newcomer/params.py": "",  # a new kind of model: fusion, detection
    "networks/.vit.py.swp": "an editor's",
    "networks/__pycache__/vit.pyc": "Python's",
}


def test_a_new_plug_in_or_kind_of_model_runs_nothing(reproduced: Project) -> None:
    for name, text in PLUG_INS.items():
        path = reproduced.root / "src/twinband" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    try:
        status = reproduced.run("dvc", "status").stdout.strip()
        assert status == "Data and pipelines are up to date."
    finally:
        reproduced.run("git", "clean", "--force", "--quiet", "-d", "-x", "src")


# A file of each kind of code, and the kinds of stages that must run again if it changes.
REACHED = {
    "src/twinband/masking/curriculum.py": {"pretrain"},
    "src/twinband/arms/gmm_cmss.py": {"pretrain"},
    "src/twinband/methods/mspecgene/model.py": {"pretrain", "evaluate"},
    "src/twinband/methods/mae/model.py": {"mae"},
    "src/twinband/networks/vit.py": {"mae", "cmss", "pretrain", "evaluate"},
    "src/twinband/masking/measure.py": {"cmss", "pretrain"},
    "src/twinband/benchmarks/probe_hog.py": {"evaluate"},
    "src/twinband/readers/mfnet.py": {"ingest"},
    "src/twinband/backends/search.py": {"register"},
    "src/twinband/annotators/dpt.py": {"pseudo_labels"},
    "src/twinband/sam/decode.py": {"sam_masks"},
    "src/twinband/layouts/llvip.py": {"sample_world"},
    "src/twinband/report/templates/page.html.j2": {"report"},
}


@pytest.mark.parametrize("path", REACHED)
def test_a_change_of_code_that_a_stage_reaches_is_seen(reproduced: Project, path: str) -> None:
    file = reproduced.root / path
    original = file.read_bytes()
    file.write_bytes(original + b"\n")
    try:
        status = json.loads(reproduced.run("dvc", "status", "--json").stdout)
    finally:
        file.write_bytes(original)
    changed = {
        stage.partition("@")[0]
        for stage, reasons in status.items()
        if any(isinstance(reason, dict) and "changed deps" in reason for reason in reasons)
    }
    assert changed == REACHED[path]


@pytest.mark.parametrize(
    "command",
    [
        "metrics show",
        "metrics show --md",
        "metrics show -a",
        "metrics diff HEAD",
        "params diff HEAD",
        "plots diff HEAD",
        "plots show",
        "exp show --no-pager",
        "exp show --only-changed --no-pager",
    ],
)
def test_what_people_look_with_works_on_the_built_graph(reproduced: Project, command: str) -> None:
    shown = reproduced.run("dvc", *command.split())
    assert "unexpected error" not in shown.stdout + shown.stderr
    if command == "metrics show":
        assert "metrics/evaluate/probe-hog.json" in shown.stdout
    if command == "plots show":
        page = (reproduced.root / "dvc_plots/index.html").read_text()
        assert "loss of pretraining" in page and page.count("<img") == 0


def test_applying_an_experiment_changes_its_own_line_only(reproduced: Project) -> None:
    change = ("-S", "report.quarantined=7")
    reproduced.run("dvc", "exp", "run", "--temp", "--name", "few", *change)
    reproduced.run("dvc", "exp", "apply", "few")
    diff = reproduced.run("git", "diff", "--numstat", "--", "params.yaml").stdout.split()
    reproduced.run("git", "checkout", "--", ".")
    reproduced.run("dvc", "checkout", "--force")
    assert diff[:2] == ["1", "1"]


def test_a_runtime_setting_runs_nothing(reproduced: Project) -> None:
    params = reproduced.params()
    params["runtime"]["log_level"] = "warning"
    reproduced.write_params(params)
    assert "Running stage" not in reproduced.run("dvc", "repro").stdout
    reproduced.run("git", "checkout", "--", "params.yaml")


def test_wrong_parameters_are_listed_and_nothing_is_written(reproduced: Project) -> None:
    params = reproduced.params()
    params["pool"]["near_duplicate_bits"] = "many"
    params["pool"]["colour"] = "blue"
    reproduced.write_params(params)
    failed = reproduced.run(
        "python3",
        "-m",
        "pipeline_steps.pool",
        "--ingest",
        "facts/ingest",
        "--register",
        "facts/register",
        "--hold-out",
        "data/hold_out.txt",
        "--pairs",
        "data/pairs",
        "--registered",
        "data/registered",
        "--out",
        "elsewhere",
        "--metrics",
        "elsewhere.json",
        "--facts",
        "elsewhere-facts.json",
        check=False,
    )
    assert failed.returncode == 2
    assert "pool.near_duplicate_bits" in failed.stderr and "pool.colour: unknown" in failed.stderr
    assert not (reproduced.root / "elsewhere").exists()
    reproduced.run("git", "checkout", "--", "params.yaml")


def test_without_the_environment_the_error_says_what_to_type(reproduced: Project) -> None:
    failed = reproduced.run(
        f"{sys.base_prefix}/bin/python3",
        "-S",
        "-m",
        "pipeline_steps.pool",
        check=False,
    )
    assert failed.returncode != 0
    assert ". .venv/bin/activate" in failed.stderr


def test_the_walker_gives_equal_entries_and_then_nothing_to_do(
    reproduced: Project, tmp_path: Path
) -> None:
    walked = Project(tmp_path, "test")
    first = walked.run("python3", "-m", "flows.rebuild").stdout
    assert "Failed" not in first
    assert walked.lock() == reproduced.lock()
    second = walked.run("python3", "-m", "flows.rebuild").stdout
    states = {line.split()[1] for line in second.splitlines() if line.count("@") == 1}
    assert states == {"Unchanged"}


def test_the_walker_runs_nothing_with_wrong_parameters(reproduced: Project) -> None:
    params = reproduced.params()
    params["report"]["colour"] = "blue"
    params["runtime"]["workers"] = 0
    reproduced.write_params(params)
    failed = reproduced.run("python3", "-m", "flows.rebuild", check=False)
    reproduced.run("git", "checkout", "--", "params.yaml")
    assert failed.returncode == 1
    said = failed.stdout + failed.stderr
    assert "report.colour: unknown parameter" in said and "runtime.workers" in said
    assert "Running stage" not in said
