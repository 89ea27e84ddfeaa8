"""Packages import what is used, and nothing before."""

import subprocess
import sys
from pathlib import Path

import pytest

import twinband.shards

ROOT = Path(__file__).resolve().parents[2]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_public_names_are_there() -> None:
    for name in twinband.shards.__all__:
        assert getattr(twinband.shards, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        twinband.shards.Nothing  # noqa: B018


def test_importing_one_module_imports_no_sibling() -> None:
    code = "import sys; sys.path.insert(0, 'src'); import twinband.shards.columns; print(*("
    loaded = run_python(f"{code}m for m in sys.modules if m.startswith('twinband')))").split()
    assert sorted(loaded) == [
        *["twinband", "twinband._lazy", "twinband.shards", "twinband.shards.columns"]
    ]


@pytest.mark.parametrize("step", ["ingest", "pool", "evaluate"])
def test_steps_that_do_not_train_start_without_torch(step: str) -> None:
    code = f"import sys, pipeline_steps.{step}; print('torch' in sys.modules)"
    assert run_python(code).strip() == "False"
