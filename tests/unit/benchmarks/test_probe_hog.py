"""The HOG probe: sure where classes are separable, honest where they are not."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from tests.raw_pairs import encoded, ingest_folder, write, write_pairs
from twinband.benchmarks._base import Scores
from twinband.benchmarks.probe_hog import Benchmark, Options
from twinband.errors import InputError

Draw = Callable[[str, np.random.Generator], NDArray[np.uint8]]


def stripes(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Upright stripes for a person, lying ones for a car, with noise."""
    wave = np.sin(np.arange(32) * 0.8 + random.uniform(0, 6)) * 80 + 128
    image = np.tile(wave, (32, 1)) + random.normal(0, 10, (32, 32))
    return np.clip(image if label == "person" else image.T, 0, 255).astype(np.uint8)


def noise(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    small = random.integers(0, 256, (8, 8)).astype(np.float32)
    return cv2.resize(small, (32, 32)).astype(np.uint8)


def write_crops(root: Path, rgb: Draw, thermal: Draw, hours: tuple[str, ...] = ("day",)) -> Path:
    random = np.random.default_rng(0)
    for hour in hours:
        for split, count in (("train", 12), ("test", 8)):
            for label in ("person", "car"):
                for number in range(count):
                    for modality, draw in (("rgb", rgb), ("thermal", thermal)):
                        pixels = draw(label, random)
                        name = f"{split}{number}.png"
                        path = root / hour / split / modality / label / name
                        write(path, encoded(pixels, ".png"))
    return root


def run(tmp_path: Path, rgb: Draw, thermal: Draw, hours: tuple[str, ...] = ("day",)) -> Scores:
    root = write_crops(tmp_path / "raw", rgb, thermal, hours)
    ingest_folder(root, tmp_path, reader="class_folders", near_duplicate_bits=-1)
    return Benchmark(Options(crop_px=32, cell_px=8), seed=0).run(tmp_path / "pairs")


def test_separable_classes_are_told_apart_by_the_modality_that_shows_them(tmp_path: Path) -> None:
    scores = run(tmp_path, noise, stripes, hours=("day", "night"))
    accuracy = scores.metrics["accuracy"]
    assert accuracy["thermal"]["overall"] > 0.95 and accuracy["both"]["overall"] > 0.9
    assert accuracy["rgb"]["overall"] < 0.75
    assert set(accuracy["thermal"]) == {"overall", "day", "night"}
    assert scores.metrics["train_crops"] == 48 and scores.metrics["test_crops"] == 32
    assert scores.metrics["most_frequent_class"] == 0.5
    assert len(scores.predictions) == 32
    right = [
        key.split("-")[2] == guess["thermal"] for key, guess in sorted(scores.predictions.items())
    ]
    assert np.mean(right) == pytest.approx(accuracy["thermal"]["overall"], abs=1e-4)
    assert f"thermal {accuracy['thermal']['overall']:.3f}" in scores.summary


def test_the_same_twice(tmp_path: Path) -> None:
    first = run(tmp_path / "one", stripes, noise)
    second = run(tmp_path / "two", stripes, noise)
    assert first == second
    assert first.plots["accuracy_by_hour.svg"].lstrip().startswith(b"<?xml")


def test_pairs_without_classes_are_an_input_error(tmp_path: Path) -> None:
    ingest_folder(write_pairs(tmp_path / "raw", 4), tmp_path)
    with pytest.raises(InputError, match="no class"):
        Benchmark(Options(crop_px=32, cell_px=8), seed=0).run(tmp_path / "pairs")


@pytest.mark.parametrize("absent", ["*/test", "*/train", "*/*/*/car"])
def test_too_little_to_train_or_test_on_is_an_input_error(tmp_path: Path, absent: str) -> None:
    root = write_crops(tmp_path / "raw", stripes, stripes)
    for folder in root.glob(absent):
        for file in folder.rglob("*.png"):
            file.unlink()
    ingest_folder(root, tmp_path, reader="class_folders")
    with pytest.raises(InputError, match="two classes"):
        Benchmark(Options(crop_px=32, cell_px=8), seed=0).run(tmp_path / "pairs")


def test_crops_too_small_for_a_block_are_refused() -> None:
    with pytest.raises(ValidationError, match="twice cell_px"):
        Options(crop_px=16, cell_px=16)
