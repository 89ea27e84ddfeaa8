"""Ranks and trivial descriptors, by hand."""

import cv2
import numpy as np
import pytest

from tests.unit.evaluation.test_probes import at
from twinband.evaluation.probes import unit
from twinband.evaluation.retrieval import (
    edge_features,
    first_of_each,
    nearest_of,
    partner_ranks,
    pixel_features,
)


def drawn(seed: int) -> np.ndarray:
    """A smooth random image."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 8)).astype(np.float32)
    return np.asarray(cv2.resize(small, (80, 60), interpolation=cv2.INTER_CUBIC)).clip(0, 255)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((unit(one[None]) @ unit(other[None]).T).item())


def test_ranks_by_hand() -> None:
    gallery = at(0, 40, 90)
    queries = at(10, 15, 80)  # the second one's partner (40) comes after 0
    assert partner_ranks(queries, gallery).tolist() == [1, 2, 1]
    assert nearest_of(queries, gallery).tolist() == [0, 0, 2]


def test_equal_features_find_nothing() -> None:
    same = np.ones((4, 3), np.float32)
    assert partner_ranks(same, same).tolist() == [4, 4, 4, 4]


def test_pixels_are_standardised_and_see_an_inversion() -> None:
    image = drawn(0)
    features = pixel_features(image)
    assert features.shape == (256,) and features.mean() == pytest.approx(0, abs=1e-5)
    assert features.std() == pytest.approx(1, abs=1e-4)
    assert cosine(features, pixel_features(image / 2 + 20)) == pytest.approx(1, abs=1e-4)
    assert cosine(features, pixel_features(255 - image)) == pytest.approx(-1, abs=1e-4)
    assert not pixel_features(np.full((9, 9), 7)).any()


def test_edges_do_not_care_for_the_sign_of_contrast() -> None:
    image = drawn(1)
    assert cosine(edge_features(image), edge_features(255 - image)) == pytest.approx(1, abs=1e-4)
    assert cosine(edge_features(image), edge_features(drawn(2))) < 0.95


def test_one_pair_of_each_sequence_counts() -> None:
    groups = np.array(["b", "b", "a", "c", "a", "c"])
    assert first_of_each(groups).tolist() == [0, 2, 3]
