"""A small registered dataset with splits and labels, and parameters to fuse it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tests.made.products import write_samples
from tests.made.raw_pairs import scene
from tests.made.registered_pairs import PAIR_COLUMNS, Made, name_of, register_pairs, thermal_path

COLUMNS = [*PAIR_COLUMNS, pa.field("split", pa.string()), pa.field("hour", pa.string())]
SPLITS = ("train", "train", "train", "train", "val", "test", "test")
TRAINING: dict[str, Any] = {
    "steps": 4,
    "batch_size": 2,
    "base_lr": 0.064,
    "warmup_steps": 1,
    "weight_decay": 0.0,
    "device": "cpu",
    "threads": 1,
    "seed": 0,
    "log_every": 2,
    "checkpoint_every": 2,
}
CROPS = {"height_px": 32, "width_px": 32}


def sage_item(**training: Any) -> dict[str, Any]:
    """An item of ``distill_fusion``, with patches at random and neither SAM nor segmenter."""
    return {
        "dataset": "made-up",
        "masks": "data/labels/none.json",
        "sam": "models/none.json",
        "segmenter": "none",
        "segmenter_weights": "models/none.json",
        "patches": "random",
        "masks_used": 2,
        "teacher_width": 8,
        "student_width": 8,
        "start": "carried",
        "data": CROPS,
        "training": {**TRAINING, **training},
    }


def cnn_item(**training: Any) -> dict[str, Any]:
    """An item of ``train_fusion``."""
    training = {**TRAINING, **training}
    return {"method": "cnn", "dataset": "made-up", "data": CROPS, "training": training}


def table_item(*models: str, **settings: Any) -> dict[str, Any]:
    """An item of ``evaluate_fusion``."""
    return {
        "dataset": "made-up",
        "methods": ["visible", "infrared", "average", "laplacian"],
        "models": list(models),
        "pairs": 3,
        "definition": "standard",
        "segmenter": "none",
        "segmenter_weights": "models/none.json",
        **settings,
    }


def write_registered(root: Path) -> None:
    """Write ``pairs/made-up`` and ``registered/made-up`` below ``root``.

    An object, class 1, is warm, and the visible image does not show it.
    """
    base = root / "base"
    samples = {}
    for number, split in enumerate(SPLITS):
        rgb, thermal = scene(number)
        thermal, objects = thermal // 2, np.zeros(thermal.shape, np.uint8)
        top, left = 4 + 3 * number, 40 - 5 * number
        objects[top : top + 18, left : left + 18] = 1
        thermal[objects > 0] = 250
        key = f"pair-{number}"
        row = {
            "name": name_of(key),
            "group": key,
            "thermal_path": thermal_path(key),
            "split": split,
            "hour": ("day", "night")[number % 2],
        }
        samples[key] = (Made(rgb, thermal, {"semantics": objects}).fields(name_of(key)), row)
    write_samples(base / "pairs", COLUMNS, [samples])
    register_pairs(base, aligned=True)
    for product in ("pairs", "registered"):
        (root / product).mkdir(parents=True)
        (base / product).rename(root / product / "made-up")
