"""Scenes to learn from: the same each time, and never those to be scored on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.raw_pairs import RUNTIME
from twinband.sample.annotators import scenes as module
from twinband.sample.annotators.scenes import LabelledScene, rendered_scenes
from twinband.sample.scene import HOURS


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
    (file,) = tmp_path.glob("*.npz")
    before = file.stat().st_mtime_ns
    again = made("train", 2, tmp_path)
    assert file.stat().st_mtime_ns == before
    assert np.array_equal(first[1].depth, again[1].depth)


def test_more_scenes_begin_with_the_same(tmp_path: Path) -> None:
    few = made("train", 1, tmp_path / "few")
    many = made("train", module.SCENES_A_FILE + 1, tmp_path / "many")
    assert np.array_equal(few[0].rgb, many[0].rgb)
    assert len(many) == module.SCENES_A_FILE + 1
