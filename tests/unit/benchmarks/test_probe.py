"""The probe of frozen features, as a whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from tests.made.benchmarks import (
    crops,
    noise,
    prepared,
    untrained,
    untrained_multimae,
    write_crops,
)
from tests.made.raw_pairs import write_pairs
from twinband.benchmarks.probe import Benchmark, Options
from twinband.core.errors import InputError
from twinband.evaluation.benchmark import Inputs, Scores

OPTIONS = Options(image_px=16, pool="mean_patch", k=5, batch=7, threads=1)
MODALITIES = {"rgb", "thermal", "both"}


def shade(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Bright people and dark cars, each with a gradient of its own."""
    level = 190 if label == "person" else 70
    steps = np.linspace(-1, 1, 32)
    slopes = random.uniform(-30, 30, 2)
    image = level + slopes[0] * steps[:, None] + slopes[1] * steps[None] + random.uniform(-15, 15)
    return np.clip(image + random.normal(0, 2, (32, 32)), 0, 255).astype(np.uint8)


def run(inputs: Inputs, seed: int = 0, **changes: object) -> Scores:
    return Benchmark(OPTIONS.model_copy(update=changes), seed).run(inputs)


@pytest.fixture(scope="module")
def separable(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Crops whose class thermal shows, and RGB does not."""
    return crops(tmp_path_factory.mktemp("crops"), noise, shade, hours=("day", "night"))


@pytest.fixture(scope="module")
def scores(separable: Inputs) -> Scores:
    return run(separable)


def test_the_modality_that_shows_the_class_tells_it(scores: Scores) -> None:
    accuracy = scores.facts["accuracy"]
    for probe in ("linear", "knn"):
        assert set(accuracy[probe]) == MODALITIES
        assert accuracy[probe]["thermal"]["overall"] > 0.95
        assert accuracy[probe]["rgb"]["overall"] < 0.8
        assert list(accuracy[probe]["rgb"]) == ["overall", "day", "night"]
    assert accuracy["linear"]["both"]["overall"] > 0.9
    low, high = scores.facts["interval_95"]["linear"]["rgb"]
    assert low < accuracy["linear"]["rgb"]["overall"] < high
    assert scores.facts["test_crops"] == 32
    assert scores.facts["train_crops"] == 48 and scores.facts["test_splits"] == "test"
    assert scores.facts["most_frequent_class"] == 0.5
    assert scores.summary.startswith("linear probe rgb 0.")
    assert scores.headline["linear_thermal"] == accuracy["linear"]["thermal"]["overall"]
    assert scores.headline.keys() >= {"linear_rgb", "linear_both", "knn_both"}


def test_hiding_the_modality_that_tells_the_class_costs_the_most(scores: Scores) -> None:
    drops = scores.facts["drop_of_both"]["linear"]
    assert drops["no_thermal_zeros"] > 0.3 and drops["no_thermal_copy"] > 0.3
    assert drops["no_rgb_zeros"] < 0.3
    bias, full = scores.facts["modality_bias"], scores.headline["linear_both"]
    assert bias["full"] == full and bias["interval_95"][0] < full <= bias["interval_95"][1]
    for modality in ("rgb", "thermal"):
        left = {way: full - drops[f"no_{modality}_{way}"] for way in bias["hidden"][modality]}
        assert left == pytest.approx(bias["hidden"][modality], abs=1e-4)
        assert bias["hidden"][modality].keys() == {"zeros", "copy", "skipped"}
    assert scores.headline["linear_no_thermal"] == pytest.approx(full - drops["no_thermal_zeros"])


def test_each_prediction_is_what_was_scored(scores: Scores) -> None:
    predictions = {key: json.loads(sample["json"]) for key, sample in scores.predictions.items()}
    assert len(predictions) == 32
    for probe in ("linear", "knn"):
        for modality in MODALITIES:
            right = [
                key.split("-")[2] == guess[probe][modality] for key, guess in predictions.items()
            ]
            share = scores.facts["accuracy"][probe][modality]["overall"]
            assert np.mean(right) == pytest.approx(share, abs=1e-4)


def test_the_same_twice_and_other_features_otherwise(scores: Scores, separable: Inputs) -> None:
    assert scores == run(separable)
    other = replace(separable, model=untrained(separable.work / "other.json", seed=1))
    assert scores.facts != run(other, pool="class_token").facts


def test_plots_are_pictures(scores: Scores) -> None:
    plots = scores.plots
    assert set(plots) == {"accuracy_by_hour.svg", "confusion.svg"}
    assert plots["confusion.svg"].lstrip().startswith(b"<?xml")


def test_a_model_that_sees_both_together_is_shown_each_alone_too(separable: Inputs) -> None:
    model = untrained_multimae(separable.work / "multimae")
    scores = run(replace(separable, model=model), hiding=("zeros", "predicted"))
    hidden = scores.facts["modality_bias"]["hidden"]
    assert set(hidden) == {"thermal", "rgb"}
    assert all(set(ways) == {"zeros", "predicted"} for ways in hidden.values())
    accuracy = scores.facts["accuracy"]["linear"]
    assert accuracy["rgb"]["overall"] < 0.8  # RGB does not show the class, thermal may not leak in
    assert accuracy["both"]["overall"] > 0.9
    assert scores.headline["linear_no_thermal_predicted"] == hidden["thermal"]["predicted"]
    assert len(scores.headline) == 8


def test_very_few_crops_and_a_single_one_to_test_on(tmp_path: Path) -> None:
    root = write_crops(tmp_path / "raw", shade, shade)
    for file in root.rglob("*.png"):
        kept = file.stem in ("train0", "train1") or (
            file.stem == "test0" and file.parent.name == "car"
        )
        if not kept:
            file.unlink()
    scores = run(prepared(root, tmp_path, reader="class_folders"))
    assert scores.facts["test_crops"] == 1 and scores.facts["train_crops"] == 4
    low, high = scores.facts["interval_95"]["knn"]["both"]
    assert high - low > 0.7


def test_one_class_is_an_input_error(tmp_path: Path) -> None:
    root = write_crops(tmp_path / "raw", shade, shade)
    for file in root.rglob("car/*.png"):
        file.unlink()
    with pytest.raises(InputError, match="two classes"):
        run(prepared(root, tmp_path, reader="class_folders"))


def test_pairs_without_classes_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no class"):
        run(prepared(write_pairs(tmp_path / "raw", 4), tmp_path))


def test_a_size_that_does_not_suit_the_model_is_an_input_error(separable: Inputs) -> None:
    with pytest.raises(InputError, match="20x20 px are no whole number"):
        run(separable, image_px=20)


def test_a_missing_model_is_an_input_error(separable: Inputs) -> None:
    with pytest.raises(InputError, match="no such file of weights"):
        run(replace(separable, model=separable.pairs))


@pytest.mark.parametrize(
    "change",
    [{"pool": "mean"}, {"k": 0}, {"threads": 0}, {"image_px": "a"}, {"hiding": ["mirror"]}],
)
def test_wrong_options_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({**OPTIONS.model_dump(), **change})
