"""Batches: a function of seed and step alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from twinband.sample.annotators.batches import SceneBatches
from twinband.sample.annotators.depth_task import with_inverse_depth
from twinband.sample.annotators.scenes import LabelledScene
from twinband.training.settings import TrainingSettings

SETTINGS: dict[str, Any] = {
    "steps": 4, "batch_size": 2, "accumulation": 1, "base_lr": 0.1, "warmup_steps": 1,
    "optimizer": "adamw", "betas": (0.9, 0.98), "weight_decay": 0.0, "layer_decay": 1.0,
    "clip_norm": 1.0, "ema_decay": 0.0, "precision": "fp32", "device": "cpu",
    "threads": 1, "seed": 0, "log_every": 1, "checkpoint_every": 1, "draw_every": 0,
}  # fmt: skip


def settings(**changes: Any) -> TrainingSettings:
    return TrainingSettings(**{**SETTINGS, **changes})


def batches_of(scenes: Sequence[LabelledScene], settings: TrainingSettings) -> SceneBatches:
    return SceneBatches(lambda: scenes, {}, with_inverse_depth, 1.0, 128, settings)


def test_a_step_sees_the_same_whenever_it_is_begun(scenes: Sequence[LabelledScene]) -> None:
    batches = batches_of(scenes, settings())
    whole, late = list(batches.starting_at(0)), list(batches.starting_at(2))
    assert len(whole) == 4 and len(late) == 2
    for first, second in zip(whole[2:], late, strict=True):
        assert first["key"] == second["key"]
        assert torch.equal(first["image"], second["image"])


def test_epochs_see_other_views_and_seeds_other_orders(scenes: Sequence[LabelledScene]) -> None:
    batches = batches_of(scenes, settings(steps=10, batch_size=1))
    of_scene: dict[str, list[torch.Tensor]] = {}
    for batch in batches.starting_at(0):
        of_scene.setdefault(batch["key"][0], []).append(batch["image"])
    assert len(of_scene) == 5 and all(len(images) == 2 for images in of_scene.values())
    assert not all(torch.equal(*images) for images in of_scene.values())
    other = batches_of(scenes, settings(steps=10, batch_size=1, seed=1))
    assert [b["key"] for b in other.starting_at(0)] != list(map(list, zip(of_scene, strict=False)))


def test_inverse_depth_is_ten_metres_over_the_distance(scenes: Sequence[LabelledScene]) -> None:
    batches = batches_of(scenes, settings(batch_size=5, steps=2))
    batch = next(batches.starting_at(0))
    by_name = {scene.name: scene for scene in scenes}
    for key, inverse in zip(batch["key"], batch["inverse"].numpy(), strict=True):
        depth = by_name[key].depth
        expected = np.where(depth > 0, 10 / np.where(depth > 0, depth, 1), 0)
        assert np.allclose(inverse, expected) or np.allclose(inverse[:, ::-1], expected)
