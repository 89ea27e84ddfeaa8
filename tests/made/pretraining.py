"""A small pool of registered pairs, some with labelled objects, and parameters to train on it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.made.raw_pairs import scene
from tests.made.registered_pairs import Made, register_pairs, write_pairs
from twinband.pretraining.params import MaeParams, PretrainParams
from twinband.shards.product import product_id
from twinband.shards.sums import write_sums

TINY: dict[str, Any] = {
    "patch_px": 8,
    "width": 16,
    "depth": 1,
    "heads": 2,
    "decoder_width": 16,
    "decoder_depth": 1,
    "decoder_heads": 2,
}
DATA = {"image_px": 32, "decoded_mib": 1}
TRAINING: dict[str, Any] = {
    "steps": 4,
    "batch_size": 4,
    "base_lr": 1e-2,
    "warmup_steps": 1,
    "weight_decay": 0.05,
    "layer_decay": 0.75,
    "device": "cpu",
    "threads": 1,
    "seed": 0,
    "log_every": 2,
    "checkpoint_every": 2,
    "draw_every": 2,
}


def mae_section(**training: Any) -> dict[str, Any]:
    """The ``mae`` section of params.yaml."""
    return {
        "model": "mae_tiny",
        "options": TINY,
        "data": DATA,
        "training": {**TRAINING, **training},
    }


def pretrain_item(
    arm: str = "gmm_cmss", start: str = "models/none.json", **training: Any
) -> dict[str, Any]:
    """One item of the ``pretrain`` section."""
    return {
        "method": "mspecgene",
        "arm": arm,
        "start": start,
        "labels": "data/labels/none.json",
        "model": "mspecgene_tiny",
        "options": TINY,
        "masking": {"mask_ratio": 0.75},
        "data": DATA,
        "training": {**TRAINING, **training},
    }


def mae_params(**training: Any) -> MaeParams:
    """The parameters of the stage ``mae``."""
    return MaeParams.model_validate(mae_section(**training))


def pretrain_params(arm: str = "gmm_cmss", **training: Any) -> PretrainParams:
    """The parameters of one item of the stage ``pretrain``."""
    return PretrainParams.model_validate(pretrain_item(arm, **training))


def write_pool(root: Path, labelled: bool = True) -> Path:
    """``data/pairs/made-up``, ``data/registered/made-up`` and ``data/pool`` below ``root``."""
    base = root / "base"
    made = {}
    for number in range(6):
        rgb, thermal = scene(number)
        objects = np.zeros(thermal.shape, np.uint8)
        objects[10:30, 20:40] = 1
        images = {"semantics": objects} if labelled else {}
        made[f"pair-{number}"] = Made(rgb, thermal, images)
    write_pairs(base / "pairs", made)
    register_pairs(base, aligned=True)
    products = {}
    for product in ("pairs", "registered"):
        folder = root / "data" / product / "made-up"
        folder.parent.mkdir(parents=True, exist_ok=True)
        (base / product).rename(folder)
        products[product] = {"made-up": product_id(folder)}
    pool = root / "data" / "pool"
    pool.mkdir(parents=True)
    kept = [{"dataset": "made-up", "key": key} for key in sorted(made)[:5]]
    pq.write_table(pa.Table.from_pylist(kept), pool / "pool.parquet")
    (pool / "products.json").write_text(json.dumps(products))
    write_sums(pool / "pool.parquet", pool / "products.json")
    return pool
