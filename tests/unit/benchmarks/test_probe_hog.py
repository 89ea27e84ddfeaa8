"""The HOG probe: sure where classes are separable, honest where they are not."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tests.made.benchmarks import Draw, crops, noise, prepared, stripes, write_crops
from tests.made.raw_pairs import write_pairs
from twinband.benchmarks.probe_hog import Benchmark, Options
from twinband.core.errors import InputError
from twinband.evaluation.benchmark import Scores

OPTIONS = Options(crop_px=32, cell_px=8)


def run(tmp_path: Path, rgb: Draw, thermal: Draw, hours: tuple[str, ...] = ("day",)) -> Scores:
    return Benchmark(OPTIONS, seed=0).run(crops(tmp_path, rgb, thermal, hours))


def test_separable_classes_are_told_apart_by_the_modality_that_shows_them(tmp_path: Path) -> None:
    scores = run(tmp_path, noise, stripes, hours=("day", "night"))
    accuracy = scores.facts["accuracy"]
    assert accuracy["thermal"]["overall"] > 0.95 and accuracy["both"]["overall"] > 0.9
    assert accuracy["rgb"]["overall"] < 0.75
    assert set(accuracy["thermal"]) == {"overall", "day", "night"}
    assert scores.facts["train_crops"] == 48 and scores.facts["test_crops"] == 32
    assert scores.facts["most_frequent_class"] == 0.5
    assert len(scores.predictions) == 32
    right = [
        key.split("-")[2] == json.loads(prediction["json"])["thermal"]
        for key, prediction in sorted(scores.predictions.items())
    ]
    assert np.mean(right) == pytest.approx(accuracy["thermal"]["overall"], abs=1e-4)
    assert scores.headline == {
        f"hog_{name}": accuracy[name]["overall"] for name in ("rgb", "thermal", "both")
    }
    assert f"thermal {accuracy['thermal']['overall']:.3f}" in scores.summary


def test_the_same_twice(tmp_path: Path) -> None:
    first = run(tmp_path / "one", stripes, noise)
    second = run(tmp_path / "two", stripes, noise)
    assert first == second
    assert first.plots["accuracy_by_hour.svg"].lstrip().startswith(b"<?xml")


def test_pairs_without_classes_are_an_input_error(tmp_path: Path) -> None:
    inputs = prepared(write_pairs(tmp_path / "raw", 4), tmp_path)
    with pytest.raises(InputError, match="no class"):
        Benchmark(OPTIONS, seed=0).run(inputs)


@pytest.mark.parametrize("absent", ["*/test", "*/train", "*/*/*/car"])
def test_too_little_to_train_or_test_on_is_an_input_error(tmp_path: Path, absent: str) -> None:
    root = write_crops(tmp_path / "raw", stripes, stripes)
    for folder in root.glob(absent):
        for file in folder.rglob("*.png"):
            file.unlink()
    inputs = prepared(root, tmp_path, reader="class_folders")
    with pytest.raises(InputError, match="two classes"):
        Benchmark(OPTIONS, seed=0).run(inputs)


def test_crops_too_small_for_a_block_are_refused() -> None:
    with pytest.raises(ValidationError, match="twice cell_px"):
        Options(crop_px=16, cell_px=16)
