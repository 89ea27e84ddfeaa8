"""Segmentation of street scenes with a light head, as a whole."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.benchmarks import prepared, streets, untrained, untrained_multimae
from tests.made.raw_pairs import encoded, write_pairs
from twinband.benchmarks.seg_mfnet import Benchmark, Options
from twinband.core.errors import InputError
from twinband.evaluation.benchmark import Inputs, Scores
from twinband.metrics.segmentation import confusion_matrix, mean_iou
from twinband.shards.read import open_products

OPTIONS = Options(
    height_px=48,
    width_px=64,
    encode_batch=3,
    hidden=16,
    epochs=60,
    batch=6,
    base_lr=1.0,
    threads=1,
)


def run(inputs: Inputs, **changes: object) -> Scores:
    return Benchmark(OPTIONS.model_copy(update=changes), 0).run(inputs)


def picture(data: bytes) -> NDArray[np.uint8]:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded.astype(np.uint8, copy=False)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return streets(tmp_path_factory.mktemp("streets"), train=8, test=6)


@pytest.fixture(scope="module")
def scores(scenes: Inputs) -> Scores:
    return run(scenes)


def test_what_thermal_shows_is_found(scores: Scores) -> None:
    facts = scores.facts
    assert facts["mean_iou"]["overall"] > 0.8
    assert list(facts["mean_iou"]) == ["overall", "day", "night"]
    assert facts["mean_accuracy"]["overall"] > 0.8
    assert set(facts["class_iou"]) == {"unlabeled", "car"}
    assert facts["classes_absent"].split(", ")[:2] == ["person", "bike"]
    low, high = facts["mean_iou_interval_95"]
    assert low <= facts["mean_iou"]["overall"] <= high
    assert (facts["test_pairs"], facts["train_pairs"]) == (6, 8)
    assert facts["test_splits"] == "test"
    assert scores.headline["mean_iou"] == facts["mean_iou"]["overall"]
    assert scores.headline["mean_iou_no_thermal"] < scores.headline["mean_iou"]


def test_hiding_what_shows_them_loses_them(scores: Scores) -> None:
    drop = scores.facts["mean_iou_drop"]
    assert set(drop) == {
        f"no_{modality}_{way}"
        for modality in ("rgb", "thermal")
        for way in ("zeros", "copy", "skipped")
    }
    assert drop["no_rgb_copy"] == drop["no_rgb_skipped"]  # it sees each image by itself
    assert drop["no_thermal_zeros"]["all_hours"] > 0.2
    assert drop["no_rgb_zeros"]["all_hours"] < drop["no_thermal_zeros"]["all_hours"]
    assert set(drop["no_rgb_copy"]) == {"all_hours", "day", "night"}


def test_the_modality_bias_is_that_of_the_drops(scores: Scores) -> None:
    bias, drop = scores.facts["modality_bias"], scores.facts["mean_iou_drop"]
    assert bias["full"] == pytest.approx(scores.facts["mean_iou"]["overall"], abs=1e-4)
    for modality, ways in bias["hidden"].items():
        for way, score in ways.items():
            lost = drop[f"no_{modality}_{way}"]["all_hours"]
            assert bias["full"] - score == pytest.approx(lost, abs=1e-4)
    assert "predicted_images" not in scores.facts


def test_predicted_images_are_compared_with_the_training_mean(scenes: Inputs) -> None:
    model = untrained_multimae(scenes.work / "multimae")
    inputs = replace(scenes, model=model, work=scenes.work / "joint")
    scores = run(inputs, epochs=5, hiding=("skipped", "predicted"))
    predicted = scores.facts["predicted_images"]
    assert set(predicted) == {"rgb", "thermal"}
    ratios = [facts["mse"] / facts["training_mean_mse"] for facts in predicted.values()]
    assert max(ratios) > 1  # nothing has been learnt
    assert scores.headline["predicted_mse_to_training_mean"] == pytest.approx(max(ratios), rel=1e-4)
    assert "of the error of the training mean" in scores.summary
    assert set(scores.headline) == {
        "mean_iou",
        *(f"mean_iou_no_{m}_{way}" for m in ("rgb", "thermal") for way in ("skipped", "predicted")),
        "predicted_mse_to_training_mean",
    }


def test_predictions_are_maps_that_have_the_score(scores: Scores, scenes: Inputs) -> None:
    total = np.zeros((9, 9), np.int64)
    for sample in open_products({"pairs": scenes.pairs}, scores.predictions):
        members = scores.predictions[sample["key"]]
        predicted = picture(members["semantics.png"])
        own = confusion_matrix(sample["pairs"]["semantics"], predicted, 9)
        assert json.loads(members["json"])["mean_iou"] == pytest.approx(mean_iou(own), abs=1e-4)
        total += own
    assert total.sum() == 6 * 48 * 64
    assert mean_iou(total) == pytest.approx(scores.facts["mean_iou"]["overall"], abs=1e-4)


def test_the_same_twice_though_the_first_run_left_its_head(scores: Scores, scenes: Inputs) -> None:
    assert run(scenes) == scores  # goes on from its last checkpoint, which is the end
    assert run(replace(scenes, work=scenes.work / "fresh")) == scores


def test_scores_are_in_the_labels_size(scenes: Inputs) -> None:
    small = run(replace(scenes, work=scenes.work / "small"), height_px=24, width_px=32)
    for members in small.predictions.values():
        assert picture(members["semantics.png"]).shape == (48, 64)


def test_plots_are_pictures(scores: Scores) -> None:
    assert set(scores.plots) == {"examples.jpg", "iou.svg"}
    assert picture(scores.plots["examples.jpg"]).shape[1] > 600
    assert scores.plots["iou.svg"].lstrip().startswith(b"<?xml")


def test_one_pair_to_train_and_one_to_test_on(tmp_path: Path) -> None:
    facts = run(streets(tmp_path, train=1, test=1), epochs=1).facts
    assert (facts["train_pairs"], facts["test_pairs"]) == (1, 1)
    assert list(facts["mean_iou"]) == ["overall", "day"]


def test_nothing_to_test_on_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs pairs to train and to test on"):
        run(streets(tmp_path, train=2, test=0))


def test_pairs_without_labels_are_an_input_error(tmp_path: Path) -> None:
    inputs = prepared(write_pairs(tmp_path / "raw", 12), tmp_path)
    with pytest.raises(InputError, match="pairs without semantics"):
        run(inputs)


def test_ids_beyond_the_classes_are_an_input_error(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 12)
    for rgb in sorted((root / "crop_LR_visible").glob("*.jpg")):
        (root / "labels").mkdir(exist_ok=True)
        (root / "labels" / f"{rgb.stem}.png").write_bytes(
            encoded(np.full((48, 64), 9, np.uint8), ".png")
        )
    options = {
        "rgb": "crop_LR_visible/*.jpg",
        "thermal": "cropinfrared/*.jpg",
        "semantics": "labels/*.png",
    }
    inputs = prepared(root, tmp_path, reader="paired_folders", options=options)
    with pytest.raises(InputError, match="ids up to 9, but MFNet's are 0 to 8"):
        run(inputs)


def test_models_that_do_not_fit_are_input_errors(scenes: Inputs) -> None:
    with pytest.raises(InputError, match="48x60 px are no whole number"):
        run(scenes, width_px=60)
    described = untrained(scenes.work / "bad.json", kind="cnn")
    with pytest.raises(InputError, match="describes no encoder"):
        run(replace(scenes, model=described))
