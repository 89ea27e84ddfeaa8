"""k-NN and the linear probe against answers worked out by hand."""

import numpy as np

from twinband.evaluation.probes import TEMPERATURE, fit_linear, fit_neighbours, held_out


def at(*degrees: float) -> np.ndarray:
    """Points at these angles, of different lengths: only cosines may count."""
    angles = np.radians(degrees)
    lengths = np.arange(1, len(degrees) + 1)[:, None]
    return (np.stack([np.cos(angles), np.sin(angles)], 1) * lengths).astype(np.float32)


def test_neighbours_vote_with_the_temperature_of_their_cosines() -> None:
    known, classes = at(0, 50, 55, 180), np.array(["near", "far", "far", "other"])
    nearest = fit_neighbours(known, classes, k=1)
    assert nearest(at(20, 60, 170)).tolist() == ["near", "far", "other"]
    # one vote of cos 0 against two: exp((1 - cos 50)/0.07) is far more than 2
    assert np.exp((1 - np.cos(np.radians(50))) / TEMPERATURE) > 2
    assert fit_neighbours(known, classes, k=3)(at(0)).tolist() == ["near"]
    # at 24 degrees the two together outweigh the nearest: e^(.9135/T) < e^(.8988/T) + e^(.8572/T)
    assert nearest(at(24)).tolist() == ["near"]
    assert fit_neighbours(known, classes, k=3)(at(24)).tolist() == ["far"]


def test_fewer_samples_than_neighbours() -> None:
    predict = fit_neighbours(at(0, 90), np.array(["a", "b"]), k=20)
    assert predict(at(10, 80)).tolist() == ["a", "b"]


def test_ties_go_to_the_first_class() -> None:
    predict = fit_neighbours(at(0, 90), np.array(["b", "a"]), k=2)
    assert predict(at(45)).tolist() == ["a"]


def test_the_linear_probe_separates_what_is_separable_in_a_weak_direction() -> None:
    random = np.random.default_rng(0)
    features = random.normal(0, 1, (200, 8)).astype(np.float32) * 100
    features[:, 3] /= 1e5
    classes = np.where(features[:, 3] > 0, "up", "down")
    predict = fit_linear(features[:150], classes[:150], seed=0)
    assert np.mean(predict(features[150:]) == classes[150:]) > 0.9


def test_the_linear_probe_learns_from_very_few() -> None:
    features = np.array([[-1, 0], [1, 0], [2, 0]], np.float32)
    predict = fit_linear(features, np.array(["a", "b", "b"]), seed=0)
    assert predict(np.array([[-3, 0], [3, 0]], np.float32)).tolist() == ["a", "b"]


def test_a_fifth_of_each_class_is_held_out() -> None:
    classes = np.array(["a"] * 10 + ["b"] * 5 + ["c"] * 4)
    held = held_out(classes, 0)
    assert {name: int(held[classes == name].sum()) for name in "abc"} == {"a": 2, "b": 1, "c": 0}
    assert np.array_equal(held, held_out(classes, 0))
    assert any(not np.array_equal(held, held_out(classes, seed)) for seed in range(1, 5))
