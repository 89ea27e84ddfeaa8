"""The step as a command, in a copy of the tree as DVC's experiments make one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.made.report import params, write_inputs, write_json

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    "-m pipeline_steps.report --ingest metrics/ingest --ingest-plots plots/ingest"
    " --left-out data/left_out --register metrics/register --register-plots plots/register"
    " --pool metrics/pool.json --sam-masks metrics/sam_masks --sam-masks-plots plots/sam_masks"
    " --pseudo-labels metrics/pseudo_labels --pseudo-labels-plots plots/pseudo_labels"
    " --mae metrics/mae.json --mae-plots plots/mae"
    " --cmss metrics/cmss --cmss-plots plots/cmss"
    " --mixture metrics/cmss_mixture.json --mixture-plots plots/cmss_mixture"
    " --pretrain metrics/pretrain --pretrain-plots plots/pretrain"
    " --evaluate metrics/evaluate --evaluate-plots plots/evaluate"
    " --experiments experiments"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The code, parameters of one dataset and one evaluation, and their files."""
    without = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "pipeline_steps"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=without)
    write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    write_params(tmp_path, ("kaist",), ("probe-hog",))
    return tmp_path


def write_params(tree: Path, datasets: tuple[str, ...], evaluations: tuple[str, ...]) -> None:
    runtime = {"executor": "processes", "workers": 1, "scheduler": "", "log_level": "info"}
    data = {"report": params(datasets, evaluations).model_dump(), "runtime": runtime}
    (tree / "params.yaml").write_text(yaml.safe_dump(data))


def call(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *COMMAND.split(), *options], cwd=tree, capture_output=True, text=True
    )


def test_the_stage_writes_the_same_page_twice_and_make_report_adds_timings(tree: Path) -> None:
    first = call(tree, "--out", "reports")
    assert first.returncode == 0, first.stderr
    assert "datasets 1, evaluations 1" in first.stderr
    page = (tree / "reports/index.html").read_bytes()
    assert b'id="timings"' not in page and str(tree).encode() not in page
    assert call(tree, "--out", "reports").returncode == 0
    assert (tree / "reports/index.html").read_bytes() == page

    timed = call(tree, "--runs", ".work/runs", "--out", ".work/report-with-runs")
    assert timed.returncode == 0, timed.stderr
    with_timings = (tree / ".work/report-with-runs/index.html").read_text()
    assert 'id="timings"' in with_timings and "nothing, run again" in with_timings
    assert (tree / "reports/index.html").read_bytes() == page


def test_a_missing_item_is_a_broken_input(tree: Path) -> None:
    write_params(tree, ("kaist", "llvip"), ("probe-hog",))
    done = call(tree, "--out", "reports")
    assert done.returncode == 3
    assert "metrics/ingest/llvip.json does not exist: `dvc repro ingest@llvip`" in done.stderr
    assert not (tree / "reports").exists()


def test_a_spoilt_pool_is_a_broken_input(tree: Path) -> None:
    write_json(tree / "metrics/pool.json", {"pairs": 3})
    done = call(tree, "--out", "reports")
    assert done.returncode == 3
    assert "dvc repro -f -s pool" in done.stderr
