"""The stages of fusion as commands: networks, a kill, the table of all, and wrong inputs."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.fusion_pairs import cnn_item, sage_item, table_item, write_registered
from tests.made.raw_pairs import contents, scene
from tests.steps.conftest import ROOT, Project
from twinband.fusion.interface import load_fusion

PRODUCTS = ("--pairs", "data/pairs/made-up", "--registered", "data/registered/made-up")
NO_WEIGHTS = ("--segmenter", "models/none.json")


def written(stage: str, name: str) -> tuple[str, ...]:
    """Options of the outputs that every stage of fusion has."""
    of = {kind: f"{kind}/{stage}/{name}" for kind in ("metrics", "facts", "plots")}
    numbers = ("--metrics", f"{of['metrics']}.json", "--facts", f"{of['facts']}.json")
    return (*numbers, "--plots", of["plots"])


def trained(stage: str, name: str) -> tuple[str, ...]:
    images = ("--out", f"models/fusion/{name}", "--fused", f"data/fused/{name}")
    return ("--item", name, *PRODUCTS, *images, *written(stage, name))


SAGE = (
    *trained("distill_fusion", "sage"),
    *("--masks", "data/labels/none.json", "--sam", "models/none.json", *NO_WEIGHTS),
)
CNN = trained("train_fusion", "cnn")
TABLE = (
    *("--item", "made-up", *PRODUCTS, *NO_WEIGHTS, "--models", "models/fusion"),
    *("--distilled", "facts/distill_fusion", "--trained", "facts/train_fusion"),
    *written("evaluate_fusion", "made-up"),
)


@pytest.fixture
def pairs(project: Project) -> Project:
    write_registered(project.root / "data")
    (project.root / "models").mkdir()
    (project.root / "data/labels").mkdir()
    for name in ("models/none.json", "data/labels/none.json"):
        shutil.copy(ROOT / name, project.root / name)
    for stage in ("distill_fusion", "train_fusion"):
        (project.root / "facts" / stage).mkdir(parents=True)
    return project


def test_networks_then_the_table_of_all_methods(pairs: Project) -> None:
    segmenter = {"method": "sage", "width": 4, "side_px": 32, "training": cnn_item()["training"]}
    write(
        pairs,
        sage=sage_item(),
        cnn=cnn_item(),
        table=table_item("sage", "cnn", retrained=segmenter),
    )
    for stage, options in (("distill_fusion", SAGE), ("train_fusion", CNN)):
        done = pairs.run(stage, *options)
        assert done.returncode == 0, done.stdout
        assert "4 steps on 4 pairs" in done.stdout
    done = pairs.run("evaluate_fusion", *TABLE)
    assert done.returncode == 0, done.stdout
    assert "6 methods on 3 pairs. Above the average image in QABF" in done.stdout
    facts = read(pairs.root / "facts/evaluate_fusion/made-up.json")
    assert set(facts["methods"]) == {"visible", "infrared", "average", "laplacian", "sage", "cnn"}
    assert facts["methods"]["sage"]["parameters"] > 0 and facts["retrained"]["trained_on"] == 4
    metrics = read(pairs.root / "metrics/evaluate_fusion/made-up.json")
    assert {"sage_qabf", "average_vif", "retrained_miou"} <= set(metrics)
    assert {"day.jpg", "night.jpg", "scores.svg"} == set(
        contents(pairs.root / "plots/evaluate_fusion/made-up")
    )
    fused = load_fusion(pairs.root / "models/fusion/sage").fuse(*scene(0))
    assert fused.shape == scene(0)[0].shape and fused.dtype == np.uint8


def test_a_killed_sage_continues_to_equal_bytes(pairs: Project) -> None:
    write(pairs, sage=sage_item(steps=30, log_every=5, checkpoint_every=5))
    assert pairs.run("distill_fusion", *SAGE).returncode == 0
    undisturbed = results(pairs.root)
    for path in ("models/fusion", "data/fused", "plots", ".work"):
        shutil.rmtree(pairs.root / path)
    pairs.killed_after("distill_fusion@sage/*/run/checkpoints/*.json", "distill_fusion", *SAGE)
    assert not (pairs.root / "models/fusion/sage/weights.safetensors").exists()
    done = pairs.run("distill_fusion", *SAGE)
    assert done.returncode == 0, done.stdout
    record = read(next((pairs.root / ".work/runs/distill_fusion@sage").iterdir()))
    assert record["resumed_at_step"] >= 5
    assert results(pairs.root) == undisturbed


def test_wrong_parameters_and_missing_models_are_one_line(pairs: Project) -> None:
    write(pairs, cnn=cnn_item() | {"method": "sage"}, table=table_item("cnn"))
    done = pairs.run("train_fusion", *CNN)
    assert done.returncode == 2 and "sage has its own stage" in done.stdout
    done = pairs.run("evaluate_fusion", *TABLE)
    assert done.returncode == 3 and "no stage has trained cnn" in done.stdout
    write(pairs, cnn=cnn_item() | {"options": {"widht": 8}}, table=table_item("cnn"))
    done = pairs.run("train_fusion", *CNN)
    assert done.returncode == 2 and "widht" in done.stdout and "Traceback" not in done.stdout


def test_a_model_that_is_not_the_one_of_its_facts_is_refused(pairs: Project) -> None:
    write(pairs, cnn=cnn_item(), table=table_item("cnn"))
    assert pairs.run("train_fusion", *CNN).returncode == 0
    facts = pairs.root / "facts/train_fusion/cnn.json"
    facts.write_text(json.dumps({**read(facts), "weights_sha256": "0" * 64}))
    done = pairs.run("evaluate_fusion", *TABLE)
    assert done.returncode == 3 and "is not what" in done.stdout and "dvc checkout" in done.stdout


def write(project: Project, **items: Any) -> None:
    """Write the parameters of the stages whose items are given."""
    stages = {
        "sage": ("distill_fusion", "sage"),
        "cnn": ("train_fusion", "cnn"),
        "table": ("evaluate_fusion", "made-up"),
    }
    sections = {stages[key][0]: {"items": {stages[key][1]: item}} for key, item in items.items()}
    project.write_params(**sections)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def results(root: Path) -> dict[str, bytes]:
    folders = ("models/fusion/sage", "data/fused/sage", "plots/distill_fusion/sage")
    files = {
        f"{path}/{name}": data for path in folders for name, data in contents(root / path).items()
    }
    return files | {
        kind: (root / kind / "distill_fusion/sage.json").read_bytes()
        for kind in ("metrics", "facts")
    }
