"""Lessons, one after another: what each begins with, and what an interrupted one costs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.made.raw_pairs import run_in
from tests.unit.sample_models.test_scenes import SETTINGS
from twinband.sam import build, weights
from twinband.sam.build import sizes_of
from twinband.sample_models import train as module
from twinband.sample_models.params import SampleModelsParams
from twinband.sample_models.recipes import RECIPES, SAM
from twinband.sample_models.scenes import rendered_scenes
from twinband.sample_models.scores import card
from twinband.sample_models.train import Clock, TrainedAnnotator, train_annotator
from twinband.shards.write import keep, read_kept


def lesson(seed: int, **changes: Any) -> dict[str, Any]:
    training = {**SETTINGS, "betas": [0.9, 0.98], "steps": 2, **changes}
    return {"scenes": 2, "seed": seed, "image_px": 64, "training": training}


def model(*lessons: Mapping[str, Any], recipe: str = "dpt") -> SampleModelsParams:
    values = {"recipe": recipe, "held_out": 1, "width_px": 64, "height_px": 64, "least_zoom": 1.0}
    return SampleModelsParams.model_validate({**values, "lessons": list(lessons)})


class Killed(Exception):
    """Stands for a kill after so many rows of the loss curve."""


def taught(
    params: SampleModelsParams, folder: Path, rows: int = 100
) -> tuple[TrainedAnnotator, list[int], list[tuple[int, int]]]:
    """The trained model, the steps of its loss curve and its progress in this try."""
    steps: list[int] = []
    seen: list[tuple[int, int]] = []

    def log(step: int, values: Mapping[str, float]) -> None:
        if len(steps) == rows:
            raise Killed
        steps.append(step)

    torch.manual_seed(0)
    run = run_in(folder / "work", progress=lambda done, total: seen.append((done, total)))
    trained = train_annotator(params, folder / "out", run, log)
    return trained, steps, seen


def test_a_lesson_begins_with_what_the_last_one_left(tmp_path: Path) -> None:
    first, idle = lesson(1), lesson(2, base_lr=0.0)
    taught(model(first), tmp_path / "one")
    trained, steps, seen = taught(model(first, idle), tmp_path / "two")
    one = load_file(tmp_path / "one/out/model.safetensors")
    two = load_file(tmp_path / "two/out/model.safetensors")
    assert all(torch.equal(two[name], value) for name, value in one.items())
    assert steps == [1, 2, 3, 4] and seen == [(2, 8), (4, 8), (6, 8), (8, 8)]
    assert [list(curve["step"]) for curve in trained.curves] == [[1, 2], [1, 2]]
    taught(model(first, lesson(2)), tmp_path / "three")
    three = load_file(tmp_path / "three/out/model.safetensors")
    assert not all(torch.equal(three[name], value) for name, value in one.items())


def test_a_sam_learns_on_at_another_size(tmp_path: Path) -> None:
    small, larger = ({**lesson(1, base_lr=0.0), "image_px": px} for px in (64, 128))
    taught(model(small, larger, recipe="sam"), tmp_path)
    found = weights.load(tmp_path / "out")
    assert SAM.model_copy(update={"image_px": 128}) == sizes_of(found)
    mean = found.image_encoder.pos_embed.mean((1, 2))
    torch.manual_seed(0)
    start = build.resized(RECIPES["sam"].build(), 64).image_encoder.pos_embed.mean((1, 2))
    assert torch.allclose(mean, start, atol=1e-2)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_lesson_that_was_killed_goes_on(tmp_path: Path, rows: int) -> None:
    params = model(lesson(1), lesson(2))
    taught(params, tmp_path / "whole")
    with pytest.raises(Killed):
        taught(params, tmp_path / "killed", rows)
    _, steps, _ = taught(params, tmp_path / "killed")
    assert steps == [1, 2, 3, 4][rows:]
    weights = [(tmp_path / n / "out/model.safetensors").read_bytes() for n in ("whole", "killed")]
    assert weights[0] == weights[1]


def test_scenes_of_a_finished_lesson_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = model(lesson(1), lesson(2))
    with pytest.raises(Killed):
        taught(params, tmp_path, rows=3)
    kept = [path.parent.name for path in tmp_path.glob("work/*/scenes")]
    assert kept == ["lesson-2"]

    seeds: list[int] = []

    def rendered(*args: Any, seed: int, **kwargs: Any) -> Any:
        seeds.append(seed)
        return rendered_scenes(*args, seed=seed, **kwargs)

    monkeypatch.setattr(module, "rendered_scenes", rendered)
    taught(params, tmp_path)
    assert seeds == [2] and not list(tmp_path.glob("work/*/scenes"))


def test_seconds_of_a_killed_try_count(tmp_path: Path) -> None:
    path = tmp_path / "seconds.json"
    keep(path, b"100.0")
    killed = Clock(path)
    noted = killed.tick()
    assert 100.0 < noted == json.loads(read_kept(path)) <= Clock(path).tick()
    path.write_bytes(path.read_bytes()[:-1])
    assert Clock(path).tick() < 100.0


def test_the_card_tells_of_each_lesson(tmp_path: Path) -> None:
    params = model(lesson(1), lesson(2, optimizer="muon", base_lr=0.128))
    trained = TrainedAnnotator(1234, [], 0.0, 1800.0)
    text = card("tiny", params, trained, {"overall": {"absrel": 0.5}, "rgb": {}, "thermal": {}})
    assert (
        "| lesson 1 | 2 scenes of seed 1, 64 px wide; 2 steps of 2 images, AdamW, learning rate"
        in text
    )
    assert (
        "| lesson 2 | 2 scenes of seed 2, 64 px wide; 2 steps of 2 images, Muon with AdamW," in text
    )
    assert "learning rate 0.001, fp32" in text and "| 30 minutes" in text.replace("time | ", "")
