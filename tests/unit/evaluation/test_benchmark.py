"""Opening a benchmark; intervals against published numbers, and their coverage."""

import numpy as np
import pytest

from twinband.core.params import ParamsError
from twinband.evaluation.benchmark import bootstrap, open_benchmark, wilson


def test_a_benchmark_is_opened_by_its_name_and_its_own_options() -> None:
    options = {"crop_px": 32, "cell_px": 8}
    benchmark = open_benchmark("probe_hog", options, 3, "evaluate.items.a")
    assert benchmark.options.model_dump() == options and benchmark.seed == 3
    with pytest.raises(ParamsError, match=r"a\.benchmark: there is no twinband.benchmarks.none"):
        open_benchmark("none", options, 0, "evaluate.items.a")
    with pytest.raises(ParamsError, match=r"evaluate\.items\.a\.options\.cell_px: missing"):
        open_benchmark("probe_hog", {"crop_px": 32}, 0, "evaluate.items.a")


def test_wilson_by_hand() -> None:
    right = np.arange(20) < 5  # p = 0.25, z = 1.959964
    z2 = 1.959964**2
    middle = (0.25 + z2 / 40) / (1 + z2 / 20)
    half = 1.959964 * np.sqrt(0.25 * 0.75 / 20 + z2 / 1600) / (1 + z2 / 20)
    assert wilson(right) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert wilson(np.ones(1, bool))[1] == pytest.approx(1)


def test_bootstrap_finds_the_spread_of_a_mean() -> None:
    random = np.random.default_rng(0)
    counts = random.integers(0, 100, (400, 1))
    low, high = bootstrap(counts, lambda total: total[:, 0] / 400, seed=0)
    error = counts.std() / np.sqrt(400)
    assert low == pytest.approx(counts.mean() - 1.96 * error, abs=0.3 * error)
    assert high == pytest.approx(counts.mean() + 1.96 * error, abs=0.3 * error)
    assert (low, high) == bootstrap(counts, lambda total: total[:, 0] / 400, seed=0)


def test_bootstrap_of_one_image_has_no_spread() -> None:
    assert bootstrap(np.array([[3]]), lambda total: total[:, 0].astype(np.float64), seed=0) == (
        3.0,
        3.0,
    )
