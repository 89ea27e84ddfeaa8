"""Depth scores by hand."""

import math

import numpy as np
import pytest

from twinband.metrics.depth import abs_rel, aligned, delta

TRUTH = np.array([1.0, 2.0, 10.0])


def test_abs_rel_is_the_mean_share_of_the_true_distance() -> None:
    assert abs_rel(TRUTH, np.array([1.5, 2.0, 8.0])) == pytest.approx((0.5 + 0 + 0.2) / 3)
    assert abs_rel(TRUTH, TRUTH) == 0


def test_delta_counts_factors_either_way() -> None:
    found = TRUTH * np.array([1.24, 1 / 1.24, 1.26])
    assert delta(TRUTH, found) == pytest.approx(2 / 3)
    assert delta(TRUTH, found, power=2) == 1
    assert delta(TRUTH, 1.26 * TRUTH) == delta(TRUTH, TRUTH / 1.26) == 0


def test_nothing_to_compare_is_not_a_number() -> None:
    empty = np.array([])
    assert math.isnan(abs_rel(empty, empty)) and math.isnan(delta(empty, empty))
    assert aligned(empty, empty).size == 0


def test_alignment_finds_scale_and_shift() -> None:
    np.testing.assert_allclose(aligned((TRUTH - 3) / 7, TRUTH), TRUTH)
    np.testing.assert_allclose(aligned(np.ones(3), TRUTH), TRUTH.mean())


def test_alignment_leaves_the_least_squares() -> None:
    rng = np.random.default_rng(0)
    found, truth = rng.normal(size=(2, 50))
    slope, shift = np.polyfit(found, truth, 1)
    np.testing.assert_allclose(aligned(found, truth), slope * found + shift)
