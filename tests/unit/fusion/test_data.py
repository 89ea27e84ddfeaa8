"""Batches of crops: what worker processes prepare is what this process would."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.made.fusion_pairs import TRAINING, write_registered
from twinband.fusion.data import FusionBatches, Patches, open_fusion_pairs
from twinband.fusion.params import FusionData
from twinband.fusion.patches import choice_of
from twinband.training.settings import TrainingSettings


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("fused")
    write_registered(base)
    return base


def batches(base: Path, workers: int) -> FusionBatches:
    pairs = open_fusion_pairs(base / "pairs/made-up", base / "registered/made-up")
    table = np.full(256, 255, np.uint8)
    table[1] = 0
    patches = Patches(choice_of("labels", None, 2, "union"), 2, table)
    settings = TrainingSettings.model_validate(TRAINING)
    data = FusionData(height_px=32, width_px=32)
    return FusionBatches(pairs.train, data, settings, patches=patches, workers=workers)


def test_workers_change_nothing(base: Path) -> None:
    alone, helped = (list(batches(base, workers).starting_at(2)) for workers in (0, 1))
    assert len(alone) == len(helped) == TRAINING["steps"] - 2
    for first, second in zip(alone, helped, strict=True):
        assert first["key"] == second["key"]
        for name in ("visible", "chroma", "infrared", "visible_masks", "semantics"):
            assert torch.equal(first[name], second[name]), name


def test_masks_and_labels_are_those_of_the_crop(base: Path) -> None:
    for batch in batches(base, 0).starting_at(0):
        objects = batch["semantics"] == 0
        warm = batch["infrared"][:, 0] > 0.9
        assert torch.equal(objects, warm)
        for mask, shown in zip(batch["visible_masks"][:, 0] > 0, objects, strict=True):
            assert torch.equal(mask, shown) or (mask.all() and not shown.any())
