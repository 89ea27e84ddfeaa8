import json

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import Mixture1d, best_components

Array = NDArray[np.float64]
Parts = tuple[tuple[float, float, float], ...]

SHAPES: dict[str, Parts] = {
    "apart": ((0.5, 0.0, 0.3), (0.3, 2.0, 0.2), (0.2, 4.0, 0.5)),
    "overlapping": ((0.6, 0.0, 1.0), (0.3, 1.5, 0.6), (0.1, 3.0, 0.8)),
    "one": ((1.0, 3.0, 0.7),),
    "small": ((0.97, 0.0, 1.0), (0.03, 6.0, 0.1)),
    "nested": ((0.5, 0.0, 0.1), (0.5, 0.0, 2.0)),
}


def drawn(parts: Parts, seed: int = 0, count: int = 8_000) -> Array:
    generator = np.random.default_rng(seed)
    sizes = generator.multinomial(count, [weight for weight, _, _ in parts])
    pieces = [
        generator.normal(mean, deviation, size)
        for (_, mean, deviation), size in zip(parts, sizes, strict=True)
    ]
    return np.concatenate(pieces)


def histogram_of(values: Array) -> Histogram:
    histogram = Histogram()
    histogram.add(10**values)
    return histogram


@pytest.mark.parametrize("shape", SHAPES)
def test_likelihood_is_that_of_scikit_learn(shape: str) -> None:
    values = drawn(SHAPES[shape])
    other = GaussianMixture(3, random_state=0, max_iter=300, tol=1e-5).fit(values[:, None])
    expected = float(other.score(values[:, None]))
    raw, binned = Mixture1d.fit(values), Mixture1d.fit(histogram_of(values))
    assert raw.log_likelihood(values) > expected - 1e-3
    assert binned.log_likelihood(values) > expected - 1e-3
    assert abs(raw.log_likelihood(values) - binned.log_likelihood(values)) < 1e-3


def test_parameters_are_recovered_in_order_of_means() -> None:
    mixture = Mixture1d.fit(histogram_of(drawn(SHAPES["apart"])))
    np.testing.assert_allclose(mixture.means, [0, 2, 4], atol=0.03)
    np.testing.assert_allclose(np.sqrt(mixture.variances), [0.3, 0.2, 0.5], atol=0.02)
    np.testing.assert_allclose(mixture.weights, [0.5, 0.3, 0.2], atol=0.01)
    assert mixture.components == 3 and mixture.count == 8_000


def test_density_and_responsibilities_are_those_of_the_formula() -> None:
    mixture = Mixture1d.fit(drawn(SHAPES["overlapping"]))
    grid = np.linspace(-2, 5, 12).reshape(3, 4)
    parts = mixture.weights * np.exp(
        -0.5 * (grid[..., None] - mixture.means) ** 2 / mixture.variances
    )
    parts /= np.sqrt(2 * np.pi * mixture.variances)
    np.testing.assert_allclose(
        mixture.responsibilities(grid), parts / parts.sum(-1, keepdims=True), atol=1e-12
    )
    assert mixture.log_likelihood(grid) == pytest.approx(np.log(parts.sum(-1)).mean())
    # Far in the tails nothing underflows.
    far = mixture.responsibilities(np.array([1e6, -1e6]))
    np.testing.assert_allclose(far.sum(-1), 1)
    assert np.isfinite(mixture.log_likelihood([1e6]))


def test_a_component_as_narrow_as_three_bins_loses_next_to_nothing_to_binning() -> None:
    values = drawn(((0.7, 0.0, 3 * Histogram().width), (0.3, 1.0, 0.2)))
    raw, binned = Mixture1d.fit(values, 2), Mixture1d.fit(histogram_of(values), 2)
    assert raw.log_likelihood(values) - binned.log_likelihood(values) < 1e-4


@pytest.mark.parametrize("shape", ["apart", "one"])
def test_bic_finds_the_number_of_components(shape: str) -> None:
    values = drawn(SHAPES[shape])
    for source in (values, histogram_of(values)):
        assert best_components(source, most=5).components == len(SHAPES[shape])
    raw = Mixture1d.fit(values, 2)
    expected = GaussianMixture(2, random_state=0, tol=1e-6, max_iter=1000).fit(values[:, None])
    assert raw.bic == pytest.approx(expected.bic(values[:, None]), rel=1e-3)


@pytest.mark.parametrize(
    "values",
    [
        np.full(50, 0.4),
        np.array([0.1] * 10 + [0.9]),
        np.array([1.0]),
        np.array([1.0, 2.0]),
        np.array([0.0] * 1000 + [1e6]),
        np.array([np.nan, np.inf, 0.5, 0.6]),
    ],
)
def test_degenerate_data_give_finite_mixtures(values: Array) -> None:
    mixture = Mixture1d.fit(values, 3)
    for part in (mixture.weights, mixture.means, mixture.variances):
        assert np.isfinite(part).all()
    assert mixture.weights.sum() == pytest.approx(1) and (mixture.variances > 0).all()
    assert np.isfinite(mixture.log_likelihood(values)) and np.isfinite(mixture.bic)
    finite = values[np.isfinite(values)]
    assert (mixture.weights * mixture.means).sum() == pytest.approx(finite.mean(), rel=1e-3)


def test_nothing_to_fit_is_said() -> None:
    for source in (np.array([np.nan]), Histogram()):
        with pytest.raises(ValueError, match="at least one finite value"):
            Mixture1d.fit(source)
    with pytest.raises(ValueError, match="at least 1 component"):
        Mixture1d.fit([1.0], 0)
    with pytest.raises(ValueError, match="at least 1 component"):
        best_components([1.0], 0)


def test_equal_inputs_give_equal_bytes_and_json_keeps_them() -> None:
    values = drawn(SHAPES["overlapping"])
    one = Mixture1d.fit(values)
    other = Mixture1d.fit(np.random.default_rng(3).permutation(values))
    assert json.dumps(one.to_json()) == json.dumps(other.to_json())
    again = Mixture1d.from_json(json.loads(json.dumps(one.to_json())))
    assert again.log_likelihood(values) == one.log_likelihood(values)
    assert again.bic == one.bic
