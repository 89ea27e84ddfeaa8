"""The world as a whole: no camera suffices, and two are better than one.

Crops of people, cars, bicycles and background are told apart by gradients (HOG) and logistic
regression. By night RGB must fail, at crossover thermal must, and both together must win.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from twinband.layouts.class_folders import ObjectCrop, cut_scene
from twinband.world.scene import HOURS
from twinband.world.write import Job

SCENES = 300
FOLDS = 4
SIDE_PX = 48
Accuracies = dict[str, dict[str, float]]
HOG = cv2.HOGDescriptor((SIDE_PX, SIDE_PX), (16, 16), (8, 8), (8, 8), 9)


def features(jpeg: bytes) -> NDArray[np.float32]:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    fitted = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(HOG.compute(fitted), np.float32)


def held_out(crops: list[ObjectCrop], described: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Was each crop told right by a model that saw other scenes only?"""
    names = np.array([crop.box.name for crop in crops])
    fold = np.array([crop.scene // len(HOURS) % FOLDS for crop in crops])
    right = np.zeros(len(crops), bool)
    for number in range(FOLDS):
        test = fold == number
        model = LogisticRegression(C=0.3, max_iter=300).fit(described[~test], names[~test])
        right[test] = model.predict(described[test]) == names[test]
    return right


def accuracies_of(crops: list[ObjectCrop]) -> Accuracies:
    """By what is looked at (rgb, thermal, both) and by hour; ``all`` for every crop."""
    rgb = np.stack([features(crop.rgb) for crop in crops])
    thermal = np.stack([features(crop.thermal) for crop in crops])
    hours = np.array([crop.hour for crop in crops])
    table = {}
    for name, described in (
        ("rgb", rgb), ("thermal", thermal), ("both", np.hstack([rgb, thermal])),
    ):  # fmt: skip
        right = held_out(crops, described)
        table[name] = {"all": float(right.mean())}
        table[name] |= {hour: float(right[hours == hour].mean()) for hour in HOURS}
    return table


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> list[ObjectCrop]:
    root: Path = tmp_path_factory.mktemp("useful")
    job = Job(root, SCENES, seed=1, name="useful", width=320, height=240)
    return [crop for index in range(SCENES) for crop in cut_scene(job, index)]


@pytest.fixture(scope="module")
def accuracies(crops: list[ObjectCrop]) -> Accuracies:
    return accuracies_of(crops)


def test_there_are_enough_of_every_class(crops: list[ObjectCrop]) -> None:
    names, counts = np.unique([crop.box.name for crop in crops], return_counts=True)
    assert set(names) == {"person", "car", "bicycle", "background"}
    assert counts.min() >= 60


def test_by_night_rgb_is_far_behind_thermal(accuracies: Accuracies) -> None:
    assert accuracies["rgb"]["night"] < accuracies["thermal"]["night"] - 0.08


def test_at_crossover_thermal_is_behind_rgb(accuracies: Accuracies) -> None:
    assert accuracies["thermal"]["crossover"] < accuracies["rgb"]["crossover"] - 0.04


def test_both_are_better_than_the_better_one(accuracies: Accuracies) -> None:
    single = max(accuracies["rgb"]["all"], accuracies["thermal"]["all"])
    assert accuracies["both"]["all"] > single + 0.01


def test_by_day_each_alone_does_well(accuracies: Accuracies, crops: list[ObjectCrop]) -> None:
    names = [crop.box.name for crop in crops if crop.hour == "day"]
    most_frequent = max(names.count(name) for name in set(names)) / len(names)
    assert accuracies["rgb"]["day"] > most_frequent + 0.25
    assert accuracies["thermal"]["day"] > most_frequent + 0.25
