"""The stage ``label_pool`` as a command, and pretraining from what it lists."""

import json
from typing import Any

import numpy as np
import pytest

from tests.made.pretraining import pretrain_item, write_pool
from tests.made.products import write_product
from tests.made.raw_pairs import contents
from tests.steps.conftest import Project
from twinband.core.images import encode_png
from twinband.pretraining.labels import KINDS, read_labels
from twinband.shards.product import product_id

LABEL_POOL = (
    *("--pseudo-labels", "facts/pseudo_labels", "--depth", "data/depth"),
    *("--semantics", "data/semantics", "--out", "data/label_pool"),
    *("--metrics", "metrics/label_pool.json", "--facts", "facts/label_pool.json"),
)
PRETRAIN = (
    *("--item", "multimae", "--pool", "data/pool", "--start", "models/none.json"),
    *("--pairs", "data/pairs", "--registered", "data/registered"),
    *("--depth", "data/depth", "--semantics", "data/semantics", "--out", "models/multimae"),
    *("--metrics", "metrics/multimae.json", "--facts", "facts/multimae.json"),
    *("--plots", "plots/multimae"),
)
CLASSES = ["road", "sky", "person"]
DEPTH = {"offset": 0.5, "scale": 1e-4, "inverse": True, "scale_m": None}
RAMP = np.add.outer(40 * np.arange(24), 30 * np.arange(32))
MEMBERS = {
    "depth": {"depth.png": encode_png(RAMP.astype(np.uint16)), "json": json.dumps(DEPTH).encode()},
    "semantics": {"classes.png": encode_png((RAMP // 700).astype(np.uint8))},
}
LISTED, NONE = "data/label_pool", "data/labels/none.json"


@pytest.fixture
def labelled(project: Project) -> Project:
    """A pool of one dataset, and labels of its images."""
    root = project.root
    write_pool(root, labelled=False)
    for kind, members in MEMBERS.items():
        samples = {f"pair-{number}": members for number in range(6)}
        write_product(root / "data" / kind / "made-up", [samples], kind)
    (root / "data/semantics/made-up/classes.json").write_text(json.dumps({"classes": CLASSES}))
    facts = {kind: {"product": product_id(root / "data" / kind / "made-up")} for kind in KINDS}
    (root / "facts/pseudo_labels").mkdir(parents=True)
    (root / "facts/pseudo_labels/made-up.json").write_text(json.dumps(facts))
    (project.root / "models").mkdir(exist_ok=True)
    (project.root / "models/none.json").write_text("{}")
    (project.root / "data/labels").mkdir()
    (project.root / NONE).write_text('{"classes": [], "products": {}}')
    write_params(project)
    return project


def write_params(project: Project, labels: str = LISTED, **changes: Any) -> None:
    item = pretrain_item("dirichlet", steps=2)
    options = {name: value for name, value in item["options"].items() if name != "modalities"}
    project.write_params(
        pool={"datasets": ["made-up", "bare"]},
        pseudo_labels={"items": {"made-up": {}, "not-pooled": {}}},
        pretrain={
            "items": {
                "multimae": {
                    **item,
                    "method": "multimae",
                    "model": "multimae_tiny",
                    "labels": labels,
                    "options": {**options, **changes},
                    "masking": {},
                }
            }
        },
    )


def test_it_lists_the_labels_of_pooled_datasets(labelled: Project) -> None:
    done = labelled.run("label_pool", *LABEL_POOL)
    assert done.returncode == 0, done.stdout
    folder = labelled.root / LISTED
    assert sorted(contents(folder)) == ["SHA256SUMS", "labels.json"]
    labels = read_labels(folder)
    assert labels.classes == CLASSES
    assert labels.products == {
        kind: {"made-up": product_id(labelled.root / "data" / kind / "made-up")} for kind in KINDS
    }
    metrics = json.loads((labelled.root / "metrics/label_pool.json").read_text())
    assert metrics == {"classes": 3, "depth_images": 6, "semantics_images": 6}


def test_a_model_learns_what_is_listed(labelled: Project) -> None:
    assert labelled.run("label_pool", *LABEL_POOL).returncode == 0
    done = labelled.run("pretrain", *PRETRAIN, "--labels", LISTED)
    assert done.returncode == 0, done.stdout + done.stderr
    losses = (labelled.root / "plots/multimae/losses.csv").read_text()
    head = losses.splitlines()[0].split(",")
    assert {"loss_depth", "loss_semseg", "loss_norm_rgb", "kept_semseg"} <= set(head)
    pictures = {path.name for path in (labelled.root / "plots/multimae").iterdir()}
    assert {"predicted.jpg", "recoloured.jpg", "step-000002.jpg"} <= pictures


def test_without_labels_only_images_can_be_learnt(labelled: Project) -> None:
    write_params(labelled, NONE)
    done = labelled.run("pretrain", *PRETRAIN, "--labels", NONE)
    assert done.returncode == 2
    assert "pretrain.items.multimae.labels" in done.stdout and "depth and semseg" in done.stdout
    write_params(labelled, NONE, modalities=["rgb", "thermal"])
    assert labelled.run("pretrain", *PRETRAIN, "--labels", NONE).returncode == 0


def test_other_labels_than_listed_are_refused(labelled: Project) -> None:
    assert labelled.run("label_pool", *LABEL_POOL).returncode == 0
    index = labelled.root / "data/depth/made-up/index.json"
    index.write_text(index.read_text().replace('"made-up"', '"another"'))
    done = labelled.run("pretrain", *PRETRAIN, "--labels", LISTED)
    assert done.returncode == 3
    assert "data/depth/made-up is not what the label pool lists" in done.stdout
    done = labelled.run("label_pool", *LABEL_POOL)
    assert done.returncode == 3 and "pseudo_labels/made-up.json tells of" in done.stdout
