"""Bootstrap intervals: their width, their pairing, their seed."""

import numpy as np
import pytest

from twinband.metrics.bootstrap import Statistic, interval, paired_interval


def mean_of(values: np.ndarray) -> Statistic:
    return lambda weights: float(np.average(values, weights=weights))


def test_an_interval_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    found = interval(mean_of(values), 400, seed=1)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert found.beyond_zero


def test_pairing_cancels_what_is_hard_for_both() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 10, 200)
    first, second = hard + 0.5 + rng.normal(0, 0.1, 200), hard
    found = paired_interval(mean_of(first), mean_of(second), 200, seed=1)
    assert 0.4 < found.low < found.value < found.high < 0.6
    alone = interval(mean_of(first), 200, seed=1)
    assert alone.high - alone.low > 2


def test_equal_predictions_do_not_differ() -> None:
    values = np.arange(50.0)
    found = paired_interval(mean_of(values), mean_of(values), 50, seed=3)
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert not found.beyond_zero


def test_equal_seeds_equal_intervals() -> None:
    statistic = mean_of(np.arange(30.0))
    assert interval(statistic, 30, 5) == interval(statistic, 30, 5) != interval(statistic, 30, 6)


def test_draws_without_a_score_are_left_out() -> None:
    found = interval(lambda weights: np.nan if weights[0] else 1.0, 4, seed=0)
    assert np.isnan(found.value) and (found.low, found.high) == (1, 1)
