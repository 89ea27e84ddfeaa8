"""The step as a command, in a copy of the tree as DVC's experiments make one."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.made.report import RUNTIME, params, write_inputs, write_json

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    "-m pipeline_steps.report --facts facts --metrics metrics --plots plots"
    " --left-out data/left_out --experiments experiments --benches benches/results"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The code, parameters of one dataset and one evaluation, and their files."""
    without = shutil.ignore_patterns("__pycache__")
    for folder in ("src", "pipeline_steps"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=without)
    shutil.copyfile(ROOT / "dvc.yaml", tmp_path / "dvc.yaml")
    write_inputs(tmp_path, ("kaist",), ("probe-hog",))
    write_params(tmp_path, ("kaist",), ("probe-hog",))
    return tmp_path


def write_params(tree: Path, datasets: tuple[str, ...], evaluations: tuple[str, ...]) -> None:
    named = params(datasets, evaluations)
    data: dict[str, Any] = {
        place.removesuffix(".items"): {"items": {name: {} for name in getattr(named, field)}}
        for field, place in named.derived.items()
    }
    data["report"] = named.model_dump(exclude=set(named.derived))
    data["runtime"] = RUNTIME.model_dump()
    (tree / "params.yaml").write_text(yaml.safe_dump(data))


def call(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *COMMAND.split(), *options], cwd=tree, capture_output=True, text=True
    )


def test_the_stage_writes_the_same_page_twice_and_make_report_adds_timings(tree: Path) -> None:
    first = call(tree, "--out", "reports")
    assert first.returncode == 0, first.stderr
    assert "datasets 1, evaluations 1" in first.stderr
    page, summary = ((tree / "reports" / n).read_bytes() for n in ("index.html", "summary.json"))
    assert b'id="timings"' not in page and str(tree).encode() not in page
    assert call(tree, "--out", "reports").returncode == 0
    assert (tree / "reports/index.html").read_bytes() == page
    assert (tree / "reports/summary.json").read_bytes() == summary

    timed = call(tree, "--runs", ".work/runs", "--out", ".work/report-with-runs")
    assert timed.returncode == 0, timed.stderr
    with_timings = (tree / ".work/report-with-runs/index.html").read_text()
    assert 'id="timings"' in with_timings and "nothing, run again" in with_timings
    assert (tree / "reports/index.html").read_bytes() == page


def test_a_missing_item_is_a_broken_input(tree: Path) -> None:
    write_params(tree, ("kaist", "llvip"), ("probe-hog",))
    result = call(tree, "--out", "reports")
    assert result.returncode == 3
    assert "facts/ingest/llvip.json does not exist: `dvc repro ingest@llvip`" in result.stderr
    assert not (tree / "reports").exists()


def test_a_spoilt_pool_is_a_broken_input(tree: Path) -> None:
    write_json(tree / "facts/pool.json", {"pairs": 3})
    result = call(tree, "--out", "reports")
    assert result.returncode == 3
    assert "dvc repro -f -s pool" in result.stderr
