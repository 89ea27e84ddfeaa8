import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.cmss.histogram import Histogram


def text(histogram: Histogram) -> str:
    return json.dumps(histogram.to_json())


def sample(seed: int, count: int = 100_000) -> np.ndarray:
    return np.asarray(10 ** np.random.default_rng(seed).normal(1, 2, count))


def test_counts_are_those_of_the_bins() -> None:
    histogram = Histogram(-3, 3, 60)
    values = sample(0)
    histogram.add(values)
    logs = np.log10(values)
    expected, _ = np.histogram(logs, bins=60, range=(-3, 3))
    np.testing.assert_array_equal(histogram.counts, expected)
    assert histogram.below == (logs < -3).sum() and histogram.above == (logs >= 3).sum()
    assert histogram.total == values.size and histogram.non_finite == 0
    np.testing.assert_allclose(histogram.centres[:2], [-2.95, -2.85])


def test_edges_belong_to_the_bin_above_and_strange_values_are_counted_apart() -> None:
    histogram = Histogram(0, 4, 4)
    histogram.add([1, 10, 9.99, 999, 1e4, 0.5, 0, -1, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(histogram.counts, [2, 1, 1, 0])
    assert (histogram.below, histogram.above, histogram.non_finite) == (2, 1, 4)
    assert histogram.total == 7


def test_a_value_may_count_several_times() -> None:
    values = np.array([[1, 10, np.nan], [0.5, 1e4, 11]])
    times = np.array([[3, 0, 2], [4, 5, 200_000]])
    weighed, repeated = Histogram(0, 4, 4), Histogram(0, 4, 4)
    weighed.add(values, times)
    repeated.add(np.repeat(values.ravel(), times.ravel()))
    assert text(weighed) == text(repeated)
    assert weighed.total == 3 + 4 + 5 + 200_000 and weighed.non_finite == 2
    with pytest.raises(ValueError, match="whole numbers from 0 on"):
        weighed.add(values, times / 2)
    with pytest.raises(ValueError, match=r"of the values' shape \(2, 3\)"):
        weighed.add(values, times[0])
    with pytest.raises(ValueError, match="from 0 on"):
        weighed.add(values, -times)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 300_000), max_size=4))
def test_any_order_and_any_division_give_equal_bytes(seed: int, cuts: list[int]) -> None:
    values = sample(1, 150_000).astype(np.float32)
    values[:5] = [0, -1, np.nan, np.inf, 1e30]
    whole = Histogram()
    whole.add(values)
    shuffled = np.random.default_rng(seed).permutation(values)
    merged = Histogram()
    for part in np.split(shuffled, sorted(cut % values.size for cut in cuts)):
        piece = Histogram()
        piece.add(part)
        merged += piece
    assert text(merged) == text(whole)


def test_quantiles_are_within_a_bin_of_the_true_ones() -> None:
    values = sample(2)
    histogram = Histogram()
    histogram.add(values[:, None])
    for share in (0.001, 0.1, 0.5, 0.9, 0.999):
        exact = float(np.log10(np.quantile(values, share)))
        assert abs(histogram.quantile(share) - exact) < 2 * histogram.width


def test_quantiles_outside_of_the_bins_are_their_ends() -> None:
    histogram = Histogram(0, 1, 10)
    histogram.add([0.1, 0.2, 2, 100])
    assert histogram.quantile(0.2) == 0 and histogram.quantile(1.0) == 1
    assert 0.3 <= histogram.quantile(0.75) <= 0.4
    with pytest.raises(ValueError, match="empty"):
        Histogram().quantile(0.5)
    with pytest.raises(ValueError, match="from 0 to 1"):
        histogram.quantile(1.5)


def test_json_round_trip() -> None:
    histogram = Histogram(-2, 2, 50)
    histogram.add(sample(3))
    histogram.add([np.nan])
    again = Histogram.from_json(json.loads(text(histogram)))
    assert text(again) == text(histogram)
    np.testing.assert_array_equal(again.counts, histogram.counts)
    assert text(Histogram.from_json(Histogram().to_json())) == text(Histogram())


def test_different_bins_do_not_merge() -> None:
    with pytest.raises(ValueError, match="different bins"):
        Histogram(0, 1, 10).merge(Histogram(0, 1, 11))
    with pytest.raises(ValueError, match="low < high"):
        Histogram(1, 1, 10)
