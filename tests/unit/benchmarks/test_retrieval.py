"""Retrieval across modalities, as a whole."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from tests.made.benchmarks import prepared, untrained, untrained_multimae, write_crops
from tests.made.raw_pairs import write_pair
from twinband.benchmarks.retrieval import Benchmark, Options
from twinband.core.errors import InputError
from twinband.evaluation.benchmark import Inputs, Scores

OPTIONS = Options(height_px=16, width_px=16, pool="mean_patch", batch=7, threads=1)
NAMES = {"raw", "centred", "patches", "pixels", "inverted_pixels", "edges"}


def blotches(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """A smooth random image."""
    small = random.integers(0, 256, (5, 5)).astype(np.float32)
    return cv2.resize(small, (32, 32), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def run(inputs: Inputs, seed: int = 0, **changes: object) -> Scores:
    return Benchmark(OPTIONS.model_copy(update=changes), seed).run(inputs)


def with_thermal(root: Path, inverted: bool) -> Path:
    """Make each thermal image its RGB image, perhaps inverted."""
    for thermal in root.rglob("thermal/*/*.png"):
        rgb = cv2.imread(str(thermal).replace("/thermal/", "/rgb/"), cv2.IMREAD_GRAYSCALE)
        assert rgb is not None
        cv2.imwrite(str(thermal), 255 - rgb if inverted else rgb)
    return root


@pytest.fixture(scope="module")
def inverted(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Crops whose thermal image is the RGB image inverted."""
    base = tmp_path_factory.mktemp("inverted")
    root = write_crops(base / "raw", blotches, blotches, hours=("day", "night"))
    return prepared(with_thermal(root, inverted=True), base, reader="class_folders")


@pytest.fixture(scope="module")
def scores(inverted: Inputs) -> Scores:
    return run(inverted)


def test_equal_images_find_each_other(tmp_path: Path) -> None:
    root = with_thermal(write_crops(tmp_path / "raw", blotches, blotches), inverted=False)
    facts = run(prepared(root, tmp_path, reader="class_folders")).facts
    perfect = {f"recall_at_{rank}": 1.0 for rank in (1, 5, 10)}
    for direction in ("thermal_to_rgb", "rgb_to_thermal"):
        for name in NAMES - {"inverted_pixels"}:
            assert facts["recall"][direction][name] == perfect, name
            assert facts["median_rank"][direction][name] == 1
        assert facts["recall"][direction]["inverted_pixels"]["recall_at_1"] == 0
    assert facts["gallery"] == 16
    assert facts["chance"] == {
        "recall_at_1": 0.0625,
        "recall_at_5": 0.3125,
        "recall_at_10": 0.625,
    }


def test_baselines_see_what_they_are_made_to_see(scores: Scores) -> None:
    recall = scores.facts["recall"]["thermal_to_rgb"]
    assert set(recall) == NAMES
    assert recall["inverted_pixels"]["recall_at_1"] == recall["edges"]["recall_at_1"] == 1.0
    assert recall["pixels"]["recall_at_5"] == 0
    low, high = scores.facts["interval_95"]["thermal_to_rgb"]["edges"]["recall_at_1"]
    assert 0.85 < low < high == 1.0
    assert scores.headline["edges_recall_at_1"] == 1.0
    assert "edges 1.000: no feature beats them" in scores.summary
    assert scores.facts["gallery"] == 32 and scores.facts["train_pairs"] == 48
    by_hour = scores.facts["recall_at_1_by_hour"]["rgb_to_thermal"]["edges"]
    assert by_hour == {"overall": 1.0, "day": 1.0, "night": 1.0}


def test_a_shift_between_the_modalities_is_taken_out(tmp_path: Path) -> None:
    """Thermal is RGB at half the contrast and brighter: what centring is for."""
    root = write_crops(tmp_path / "raw", blotches, blotches)
    for thermal in root.rglob("thermal/*/*.png"):
        rgb = cv2.imread(str(thermal).replace("/thermal/", "/rgb/"), cv2.IMREAD_GRAYSCALE)
        assert rgb is not None
        cv2.imwrite(str(thermal), 128 + rgb // 2)
    facts = run(prepared(root, tmp_path, reader="class_folders")).facts
    rank = facts["median_rank"]["thermal_to_rgb"]
    assert rank["centred"] < rank["raw"]
    assert facts["recall"]["thermal_to_rgb"]["centred"]["recall_at_5"] > 0.5


def test_each_prediction_is_what_was_scored(scores: Scores) -> None:
    for direction in ("thermal_to_rgb", "rgb_to_thermal"):
        first = [json.loads(sample["json"])[direction] for sample in scores.predictions.values()]
        share = scores.facts["recall"][direction]["centred"]["recall_at_1"]
        assert np.mean([found["rank"] == 1 for found in first]) == share
        own = zip(scores.predictions, first, strict=True)
        assert all((found["nearest"] == key) == (found["rank"] == 1) for key, found in own)


def test_the_same_twice_and_other_features_otherwise(scores: Scores, inverted: Inputs) -> None:
    assert scores == run(inverted)
    other = replace(inverted, model=untrained(inverted.work / "other.json", seed=1))
    assert scores.facts["recall"] != run(other, pool="class_token").facts["recall"]


def test_a_model_that_predicts_is_asked_with_its_predictions_too(inverted: Inputs) -> None:
    model = untrained_multimae(inverted.work / "multimae")
    scores = run(replace(inverted, model=model))
    for direction in ("thermal_to_rgb", "rgb_to_thermal"):
        found = scores.facts["recall"][direction]
        assert set(found) == {*NAMES, "predicted", "predicted_patches"}
    assert len(scores.headline) == 8
    found = scores.facts["recall"]["thermal_to_rgb"]["predicted_patches"]
    assert scores.headline["predicted_patches_recall_at_1"] == found["recall_at_1"]


def test_plots_are_pictures(scores: Scores) -> None:
    assert set(scores.plots) == {"recall.svg", "retrieval.jpg"}
    assert scores.plots["recall.svg"].lstrip().startswith(b"<?xml")
    sheet = cv2.imdecode(np.frombuffer(scores.plots["retrieval.jpg"], np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None and min(sheet.shape[:2]) > 400


def test_frames_of_a_sequence_count_once(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    for split, sequences in (("train", "ab"), ("test", "cd"), ("val", "e")):
        for sequence in sequences:
            for number in range(3):
                write_pair(root / sequence, f"p{number:03d}", 3 * ord(sequence) + number)
        names = [f"{sequence}/p{number:03d}\n" for sequence in sequences for number in range(3)]
        (root / f"{split}.txt").write_text("".join(names))
    options = {
        "rgb": "*/crop_LR_visible/*.jpg",
        "thermal": "*/cropinfrared/*.jpg",
        "split_files": "{split}.txt",
        "group_levels": 1,
    }
    inputs = prepared(root, tmp_path, reader="paired_folders", options=options)
    facts = run(inputs).facts
    assert facts["gallery"] == 3 and facts["left_out_of_test"] == 6
    assert facts["recall"]["thermal_to_rgb"]["raw"]["recall_at_5"] == 1.0


def test_one_test_pair_is_an_input_error(tmp_path: Path) -> None:
    root = write_crops(tmp_path / "raw", blotches, blotches)
    for file in root.rglob("*.png"):
        if file.stem.startswith("test") and (file.stem, file.parent.name) != ("test0", "car"):
            file.unlink()
    with pytest.raises(InputError, match="two test pairs"):
        run(prepared(root, tmp_path, reader="class_folders"))


def test_a_size_that_does_not_suit_the_model_is_an_input_error(inverted: Inputs) -> None:
    with pytest.raises(InputError, match="20x16 px are no whole number"):
        run(inverted, height_px=20)


@pytest.mark.parametrize("change", [{"pool": "mean"}, {"batch": 0}, {"threads": 0}])
def test_wrong_options_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({**OPTIONS.model_dump(), **change})
