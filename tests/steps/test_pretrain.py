"""The stages ``mae`` and ``pretrain`` as commands: weights, metrics, a kill, and wrong inputs."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.raw_pairs import contents
from tests.steps.conftest import Project
from tests.unit.pretraining.made_up import mae_section, method_section, write_pool

DATA = ("--pool", "data/pool", "--pairs", "data/pairs", "--registered", "data/registered")
MAE = (*DATA, "--out", "models/mae", "--metrics", "metrics/mae.json", "--plots", "plots/mae")


def pretraining(start: str, name: str = "mspecgene") -> tuple[str, ...]:
    outputs = ("--out", f"models/pretrain/{name}", "--metrics", f"metrics/pretrain/{name}.json")
    plots = ("--plots", f"plots/pretrain/{name}")
    return ("--item", name, *DATA, "--start", start, *outputs, *plots)


def results(root: Path) -> dict[str, bytes]:
    found = {f"plots/{name}": data for name, data in contents(root / "plots/mae").items()}
    found |= {f"models/{name}": data for name, data in contents(root / "models/mae").items()}
    return {**found, "metrics": (root / "metrics/mae.json").read_bytes()}


@pytest.fixture
def pool(project: Project) -> Project:
    write_pool(project.root)
    (project.root / "models").mkdir(exist_ok=True)
    (project.root / "models/none.json").write_text("{}")
    return project


def test_mae_then_pretraining_from_it(pool: Project) -> None:
    method = method_section(start="models/mae")
    pool.write_params(mae=mae_section(), pretrain={"methods": {"mspecgene": method}})
    done = pool.run("mae", *MAE)
    assert done.returncode == 0, done.stdout
    assert "mae: 4 steps on 5 pairs, loss " in done.stdout
    facts = json.loads((pool.root / "metrics/mae.json").read_text())
    assert facts["pairs"] == 5 and facts["kept_rgb"]["last"] == 4
    card = (pool.root / "models/mae/README.md").read_text()
    assert "rgb loss, first and last window" in card
    done = pool.run("pretrain", *pretraining("models/mae"))
    assert done.returncode == 0, done.stdout
    assert "pretrain@mspecgene: 4 steps on 5 pairs, masking gmm_cmss" in done.stdout
    assert "masking.svg" in contents(pool.root / "plots/pretrain/mspecgene")
    live = list((pool.root / ".work").glob("pretrain@mspecgene/*/live/metrics.json"))
    assert len(live) == 1 and json.loads(live[0].read_text())["step"] == 4


def test_a_killed_run_continues_to_equal_bytes(pool: Project) -> None:
    pool.write_params(mae=mae_section(steps=60, log_every=5, checkpoint_every=5))
    assert pool.run("mae", *MAE).returncode == 0
    undisturbed = results(pool.root)
    for path in ("models/mae", "plots/mae"):
        for file in (pool.root / path).iterdir():
            file.unlink()
    for left in sorted((pool.root / ".work").rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() else left.unlink()
    process = pool.start("mae", *MAE)
    deadline = time.monotonic() + 100
    while not list((pool.root / ".work").glob("mae/*/run/checkpoints/*.json")):
        assert process.poll() is None and time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (pool.root / "models/mae/weights.safetensors").exists()
    done = pool.run("mae", *MAE)
    assert done.returncode == 0, done.stdout
    [record] = (pool.root / ".work/runs/mae").iterdir()
    assert json.loads(record.read_text())["resumed_at_step"] >= 5
    assert results(pool.root) == undisturbed


def test_wrong_inputs_are_one_line(pool: Project) -> None:
    wrong = method_section(arm="gmm_cmss") | {"options": {"depht": 1}}
    pool.write_params(mae=mae_section(), pretrain={"methods": {"mspecgene": wrong}})
    done = pool.run("pretrain", *pretraining("models/none.json"))
    assert done.returncode == 3 and "depht" in done.stdout and "Traceback" not in done.stdout
    done = pool.run("pretrain", *pretraining("models/mae"))
    assert done.returncode == 3 and "models/mae does not exist" in done.stdout
    pool.write_params(mae=mae_section(base_lr=1e30))
    done = pool.run("mae", *MAE)
    assert done.returncode == 1 and "non_finite.json" in done.stdout
    assert "Traceback" not in done.stdout
