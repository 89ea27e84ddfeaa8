"""The stages ``mae`` and ``pretrain`` as commands: weights, facts, a kill, and wrong inputs."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.pretraining import mae_section, pretrain_item, write_pool
from tests.made.raw_pairs import contents
from tests.steps.conftest import ROOT, Project

DATA = ("--pool", "data/pool", "--pairs", "data/pairs", "--registered", "data/registered")
LABELS = ("--depth", "data/depth", "--semantics", "data/semantics")


def outputs(name: str) -> tuple[str, ...]:
    """Options of the outputs of ``mae`` or ``pretrain/ITEM``."""
    numbers = ("--metrics", f"metrics/{name}.json", "--facts", f"facts/{name}.json")
    return ("--out", f"models/{name}", *numbers, "--plots", f"plots/{name}")


MAE = (*DATA, *outputs("mae"))


def pretraining(start: str, name: str = "mspecgene") -> tuple[str, ...]:
    labels = ("--labels", "data/labels/none.json", *LABELS)
    return ("--item", name, *DATA, "--start", start, *labels, *outputs(f"pretrain/{name}"))


def results(root: Path) -> dict[str, bytes]:
    folders = {"plots": contents(root / "plots/mae"), "models": contents(root / "models/mae")}
    numbers = {name: (root / name / "mae.json").read_bytes() for name in ("metrics", "facts")}
    return {
        **numbers,
        **{f"{name}/{path}": data for name in folders for path, data in folders[name].items()},
    }


@pytest.fixture
def pool(project: Project) -> Project:
    write_pool(project.root)
    (project.root / "models").mkdir(exist_ok=True)
    (project.root / "models/none.json").write_text("{}")
    (project.root / "data/labels").mkdir()
    shutil.copy(ROOT / "data/labels/none.json", project.root / "data/labels/none.json")
    return project


def test_mae_then_pretraining_from_it(pool: Project) -> None:
    item = pretrain_item(start="models/mae")
    pool.write_params(mae=mae_section(), pretrain={"items": {"mspecgene": item}})
    done = pool.run("mae", *MAE)
    assert done.returncode == 0, done.stdout
    assert "mae: 4 steps on 5 pairs, loss " in done.stdout
    facts = json.loads((pool.root / "facts/mae.json").read_text())
    assert facts["pairs"] == 5 and facts["kept_rgb"]["last"] == 4
    metrics = json.loads((pool.root / "metrics/mae.json").read_text())
    assert metrics["steps"] == 4 and metrics["loss_rgb"] == facts["loss_rgb"]["last"]
    card = (pool.root / "models/mae/README.md").read_text()
    assert "rgb loss, first and last window" in card
    done = pool.run("pretrain", *pretraining("models/mae"))
    assert done.returncode == 0, done.stdout
    assert "pretrain@mspecgene: 4 steps on 5 pairs" in done.stdout
    assert "masking gmm_cmss" in done.stdout
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
    pool.killed_after("mae/*/run/checkpoints/*.json", "mae", *MAE)
    assert not (pool.root / "models/mae/weights.safetensors").exists()
    done = pool.run("mae", *MAE)
    assert done.returncode == 0, done.stdout
    [record] = (pool.root / ".work/runs/mae").iterdir()
    assert json.loads(record.read_text())["resumed_at_step"] >= 5
    assert results(pool.root) == undisturbed


def losses(root: Path) -> NDArray[np.float64]:
    return np.loadtxt(root / "plots/mae/losses.csv", delimiter=",", skiprows=1)


def test_two_ranks_are_one_stage(pool: Project) -> None:
    """Same curve but for rounding, one product, and a kill leaves no rank behind."""
    pool.write_params(mae=mae_section(steps=40, log_every=5, checkpoint_every=5))
    assert pool.run("mae", *MAE).returncode == 0
    alone = losses(pool.root)
    pool.write_params(mae=mae_section(ranks=2, steps=40, log_every=5, checkpoint_every=5))
    process = pool.start("mae", *MAE)
    deadline = time.monotonic() + 200
    while not (ranks := ranks_of(pool.root)) or not checkpoints(pool.root):
        assert process.poll() is None and time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGKILL)  # reaches the agent only, which the ranks outlive not
    process.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in ranks):
        assert time.monotonic() < deadline
    done = pool.run("mae", *MAE)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("mae: 40 steps on 5 pairs") == 1
    record = json.loads(max((pool.root / ".work/runs/mae").iterdir()).read_text())
    assert record["resumed_at_step"] >= 5
    np.testing.assert_allclose(losses(pool.root), alone, rtol=1e-3, atol=1e-4)


def checkpoints(root: Path) -> list[Path]:
    """Of the run on two ranks, which is the second fingerprint."""
    folders = {path.parent for path in (root / ".work").glob("mae/*/run/checkpoints/*.json")}
    return sorted(folders) if len(folders) == 2 else []


def ranks_of(root: Path) -> list[int]:
    """Process numbers of the ranks that run below ``root``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inside = (process / "cwd").readlink() == root.resolve()
            is_rank = b"TORCHELASTIC_RUN_ID=" in (process / "environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        if inside and is_rank:
            found.append(int(process.name))
    return found


def test_what_stops_a_rank_stops_the_stage_with_its_exit_code(pool: Project) -> None:
    pool.write_params(mae=mae_section(ranks=2))
    path = pool.root / "data/pool/products.json"
    products = json.loads(path.read_text())
    path.write_text(json.dumps({**products, "pairs": {"made-up": "another"}}))
    done = pool.run("mae", *MAE)
    assert done.returncode == 3 and "Traceback" not in done.stdout, done.stdout
    pool.write_params(mae=mae_section(ranks=3))
    done = pool.run("mae", *MAE)
    assert done.returncode == 2 and "multiple of ranks * accumulation = 3" in done.stdout


def test_wrong_inputs_are_one_line(pool: Project) -> None:
    wrong = pretrain_item() | {"options": {"depht": 1}}
    pool.write_params(mae=mae_section(), pretrain={"items": {"mspecgene": wrong}})
    done = pool.run("pretrain", *pretraining("models/none.json"))
    assert done.returncode == 2 and "depht" in done.stdout and "Traceback" not in done.stdout
    done = pool.run("pretrain", *pretraining("models/mae"))
    assert done.returncode == 3 and "models/mae does not exist" in done.stdout
    pool.write_params(mae=mae_section(base_lr=1e30))
    done = pool.run("mae", *MAE)
    assert done.returncode == 1 and "non_finite.json" in done.stdout
    assert "Traceback" not in done.stdout
