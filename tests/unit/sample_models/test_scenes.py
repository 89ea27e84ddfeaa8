"""Batches: a function of seed and step alone.

Scenes to learn from: the same each time, and never those to be scored on.

Views: all of a view's arrays show the same part of a scene, mirrored alike.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.made.raw_pairs import RUNTIME
from twinband.sample_models import scenes as module
from twinband.sample_models.scenes import LabelledScene, SceneBatches, draw_view, rendered_scenes
from twinband.sample_models.tasks import with_inverse_depth
from twinband.training.settings import TrainingSettings
from twinband.world.scene import HOURS

SETTINGS: dict[str, Any] = {
    "steps": 4, "batch_size": 2, "base_lr": 0.1, "warmup_steps": 1, "betas": (0.9, 0.98),
    "weight_decay": 0.0, "clip_norm": 1.0, "device": "cpu", "threads": 1, "seed": 0,
    "log_every": 1, "checkpoint_every": 1,
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


def made(part: str, count: int, work: Path) -> Sequence[LabelledScene]:
    return rendered_scenes(part, count, seed=3, size=(64, 64), work=work, runtime=RUNTIME)


def test_hours_take_turns_and_names_are_unique(tmp_path: Path) -> None:
    found = made("train", 7, tmp_path)
    assert [scene.hour for scene in found] == [*HOURS, *HOURS[:2]]
    assert len({scene.name for scene in found}) == 7


def test_a_scene_has_its_whole_truth(scenes: Sequence[LabelledScene]) -> None:
    first = scenes[0]
    assert first.rgb.shape == (96, 128, 3) and first.image("rgb") is first.rgb
    assert first.thermal.shape == first.depth.shape == first.semantics.shape == (96, 128)
    assert first.instances.max() > 0 and (first.depth > 0).any() and (first.depth == 0).any()
    grey = first.image("thermal")
    assert grey.shape == (96, 128, 3) and np.array_equal(grey[..., 2], first.thermal)


def test_training_and_held_out_scenes_differ(tmp_path: Path) -> None:
    train, held_out = made("train", 1, tmp_path), made("held_out", 1, tmp_path)
    assert not np.array_equal(train[0].rgb, held_out[0].rgb)
    assert train[0].name != held_out[0].name


def test_what_is_rendered_is_kept(tmp_path: Path) -> None:
    first = made("train", 2, tmp_path)
    (file,) = tmp_path.glob("*.scenes")
    before = file.stat().st_mtime_ns
    again = made("train", 2, tmp_path)
    assert file.stat().st_mtime_ns == before
    assert np.array_equal(first[1].depth, again[1].depth)
    file.write_bytes(file.read_bytes()[:-1])
    again = made("train", 2, tmp_path)
    assert file.stat().st_mtime_ns != before
    assert np.array_equal(first[1].depth, again[1].depth)


def test_more_scenes_begin_with_the_same(tmp_path: Path) -> None:
    few = made("train", 1, tmp_path / "few")
    many = made("train", module.SCENES_A_FILE + 1, tmp_path / "many")
    assert np.array_equal(few[0].rgb, many[0].rgb)
    assert len(many) == module.SCENES_A_FILE + 1


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("seed", range(8))
def test_truth_and_image_stay_together(scenes: Sequence[LabelledScene], seed: int) -> None:
    """An image whose greys are the classes has edges where the truth's are."""
    scene = scenes[1]
    grey = (scene.semantics * 18).astype(np.uint8)
    painted = replace(scene, rgb=np.repeat(grey[..., None], 3, axis=2), thermal=grey)
    view = draw_view(painted, 0.6, 128, generator(seed))
    assert view.image.shape == (96, 128, 3) and view.semantics.shape == (96, 128)
    greys = view.image[..., 0].astype(float)
    inside = [greys[view.semantics == c] for c in np.unique(view.semantics)]
    spread = sum(((g - np.median(g)) ** 2).sum() for g in inside)
    assert spread < 0.25 * ((greys - np.median(greys)) ** 2).sum()
    assert np.array_equal(view.depth == 0, view.semantics == 6)  # sky


def test_views_of_whole_scenes_keep_all_of_them(scenes: Sequence[LabelledScene]) -> None:
    scene = scenes[0]
    for seed in range(6):
        depth = draw_view(scene, 1.0, 128, generator(seed)).depth
        assert np.array_equal(depth, scene.depth) or np.array_equal(depth[:, ::-1], scene.depth)


def test_zoomed_views_show_parts(scenes: Sequence[LabelledScene]) -> None:
    scene = scenes[0]
    views = [draw_view(scene, 0.5, 128, generator(seed)) for seed in range(20)]
    whole = [any(np.array_equal(v.depth[:, ::way], scene.depth) for way in (1, -1)) for v in views]
    assert 4 < sum(whole) < 16


def test_larger_views_show_the_same(scenes: Sequence[LabelledScene]) -> None:
    for seed in range(6):
        view, larger = (draw_view(scenes[0], 0.6, px, generator(seed)) for px in (128, 256))
        assert larger.image.shape == (192, 256, 3)
        assert np.array_equal(larger.depth[::2, ::2], view.depth)
        assert np.array_equal(larger.instances[::2, ::2], view.instances)
        grey = cv2.resize(larger.image, (128, 96), interpolation=cv2.INTER_AREA)
        assert np.corrcoef(grey.ravel(), view.image.ravel())[0, 1] > 0.95


def test_both_modalities_are_seen_and_cameras_differ(scenes: Sequence[LabelledScene]) -> None:
    views = [draw_view(scenes[0], 1.0, 128, generator(seed)) for seed in range(20)]
    coloured = [bool((v.image[..., 0] != v.image[..., 2]).mean() > 0.1) for v in views]
    assert 4 < sum(coloured) < 16
    assert np.ptp([float(v.image.mean()) for v in views]) > 10
