"""Depth scores of a map by hand."""

import numpy as np
import pytest

from twinband.metrics.depth_scores import depth_scores, rmse


def test_by_hand() -> None:
    truth = np.array([[2.0, 4.0], [0.0, np.nan]])  # two pixels are known
    values = depth_scores(truth, np.array([[3.0, 4.0], [7.0, 7.0]]))
    assert values["abs_rel"] == pytest.approx(0.25)
    assert values["rmse"] == pytest.approx(np.sqrt(0.5))
    assert (values["delta1"], values["delta2"], values["delta3"]) == (0.5, 1, 1)


def test_the_truth_itself() -> None:
    truth = np.linspace(1, 9, 12).reshape(3, 4)
    values = depth_scores(truth, truth)
    assert list(values.values()) == [0, 0, 1, 1, 1]


def test_what_is_not_positive_counts_as_very_near() -> None:
    values = depth_scores(np.array([1.0]), np.array([-5.0]))
    assert values["abs_rel"] == pytest.approx(0.999) and values["delta3"] == 0


def test_nothing_known() -> None:
    assert all(np.isnan(value) for value in depth_scores(np.zeros(3), np.ones(3)).values())
    assert np.isnan(rmse(np.array([]), np.array([])))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        depth_scores(np.ones(3), np.ones(4))
