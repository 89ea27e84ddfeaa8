"""Online mixture: worked example, likelihood, degenerate data, state."""

import pytest
import torch
from torch import Tensor

from twinband.masking.online import OnlineMixture, sums_on_host

TOY = torch.tensor([0.05, 0.10, 0.15, 0.50, 0.55, 0.90])


def toy(**settings: float) -> OnlineMixture:
    mixture = OnlineMixture(3, **settings)  # type: ignore[arg-type]
    mixture.means.copy_(torch.tensor([0.2, 0.5, 0.8]))
    return mixture


def close(found: Tensor, expected: list[float], tolerance: float = 2e-6) -> None:
    torch.testing.assert_close(found, torch.tensor(expected).double(), atol=tolerance, rtol=0)


def two_groups(seed: int = 0, rows: int = 16, length: int = 196) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    low = 0.2 + 0.05 * torch.randn(rows, length, generator=generator)
    high = 0.8 + 0.05 * torch.randn(rows, length, generator=generator)
    return torch.where(torch.rand(rows, length, generator=generator) < 0.7, low, high)


def test_the_worked_example() -> None:
    mixture = toy()
    sums = []
    for step in range(4):
        sums.append(float(mixture.log_likelihood(TOY)) * len(TOY))
        mixture(TOY)
        if step == 0:
            close(mixture.means, [0.348286, 0.375260, 0.403505])
            close(mixture.variances, [0.087533, 0.092173, 0.095967])
            close(mixture.weights, [0.341121, 0.342316, 0.316563])
        if step == 1:
            close(mixture.means, [0.344632, 0.375667, 0.407001])
    assert sums == pytest.approx([-5.996916, -1.362154, -1.360691, -1.358780], abs=5e-6)


def test_likelihood_never_falls_and_moments_are_kept_on_fixed_data() -> None:
    values = two_groups()
    mixture = OnlineMixture(3, seed=3)
    before = -torch.inf
    for _ in range(60):
        mixture(values)
        now = float(mixture.log_likelihood(values))
        assert now > before - 1e-5
        before = now
        assert float(mixture.weights.sum()) == pytest.approx(1, abs=1e-6)
        mean = float((mixture.weights * mixture.means).sum())
        assert mean == pytest.approx(float(values.mean()), abs=1e-5)


def test_quantile_start_finds_groups_at_once_where_uniform_variance_one_cannot() -> None:
    values = two_groups(1)
    quick = OnlineMixture(2, initial="quantiles")
    slow = OnlineMixture(2)
    for _ in range(30):
        quick(values)
        slow(values)
    close(quick.means.sort().values, [0.2, 0.8], 0.01)
    close(quick.variances, [0.0025, 0.0025], 3e-4)
    assert float(quick.log_likelihood(values)) >= float(slow.log_likelihood(values)) - 1e-4
    first = OnlineMixture(2, initial="quantiles")
    first(torch.linspace(0, 1, 1001))
    close(first.means, [0.25, 0.75], 0.02)


@pytest.mark.parametrize(
    "values",
    [
        torch.tensor([0.1] * 10 + [0.9]),
        torch.full((50,), 0.4),
        torch.tensor([0.5]),
        torch.tensor([torch.nan, 0.2, 0.3, torch.inf]),
        torch.zeros(4, 9),
    ],
)
@pytest.mark.parametrize("initial", ["uniform", "quantiles"])
def test_degenerate_data_never_give_nan(values: Tensor, initial: str) -> None:
    mixture = OnlineMixture(3, initial=initial)  # type: ignore[arg-type]
    finite = values[values.isfinite()].double()
    least = max(0.999e-6 * float(finite.var(correction=0)), 1e-14)
    for _ in range(40):
        mixture(values)
        for part in (mixture.means, mixture.variances, mixture.weights):
            assert part.isfinite().all()
        assert mixture.variances.min() >= least and mixture.weights.min() > 0
    assert float((mixture.weights * mixture.means).sum()) == pytest.approx(
        float(finite.mean()), abs=1e-4
    )


def test_floors_are_relative_to_the_spread_of_the_data() -> None:
    """The same values a thousand times as close together have the same mixture."""
    values = two_groups(5)
    values[0, :60] = 0.35  # one component collapses on these
    wide, narrow = OnlineMixture(3), OnlineMixture(3)
    for mixture, scale in ((wide, 1.0), (narrow, 1 / 1024)):
        mixture.means.copy_(torch.tensor([0.2, 0.35, 0.8]) * scale)
        mixture.variances.copy_(torch.tensor([1e-3, 1e-6, 1e-3]) * scale**2)
    for _ in range(80):
        wide(values)
        narrow(values / 1024)
    torch.testing.assert_close(narrow.means * 1024, wide.means, rtol=1e-9, atol=0)
    torch.testing.assert_close(narrow.variances * 1024**2, wide.variances, rtol=1e-6, atol=0)
    assert float(wide.variances[1]) == pytest.approx(1e-6 * float(values.var()), rel=1e-3)


def test_values_pressed_towards_zero_by_few_flat_patches_are_still_told_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    groups = [low + 1e-4 * torch.randn(1500, generator=generator) for low in (1e-3, 2e-3)]
    values = torch.cat([*groups, torch.ones(5)])
    mixture = OnlineMixture(3)
    mixture.means.copy_(torch.tensor([1.2e-3, 1.8e-3, 0.9]))
    mixture.variances.copy_(torch.tensor([1e-7, 1e-7, 1e-2]))
    for _ in range(50):
        mixture(values)
    close(mixture.means, [1e-3, 2e-3, 1.0], 2e-5)
    close(mixture.variances[:2], [1e-8, 1e-8], 1e-9)


def test_both_ways_to_sum_agree() -> None:
    mixture = toy()
    values = two_groups(6).flatten()
    values[3] = torch.nan
    torch.testing.assert_close(mixture._sums(values), sums_on_host(values, *mixture.numbers()))


def test_the_worked_example_holds_far_from_the_first_means() -> None:
    """Statistics in fp64 do not cancel: values 1e-4 apart, where all means are near 0.5."""
    values = 1e-4 * TOY.double()
    mixture = toy()
    for _ in range(3):
        mixture(values)
    expected = float(values.float().double().mean())
    assert float((mixture.weights * mixture.means).sum()) == pytest.approx(expected, rel=1e-9)
    assert float(mixture.variances.max()) == pytest.approx(8.9e-10, rel=0.1)


def test_without_finite_values_nothing_changes() -> None:
    mixture = toy()
    before = {name: value.clone() for name, value in mixture.state_dict().items()}
    mixture(torch.full((2, 5), torch.nan))
    assert before.pop("steps") == 0 and mixture.steps == 1
    for name, value in before.items():
        torch.testing.assert_close(mixture.state_dict()[name], value)


def test_an_empty_component_is_put_at_a_quantile() -> None:
    values = two_groups(2)
    mixture = OnlineMixture(3)
    mixture.means.copy_(torch.tensor([0.2, 0.8, 30.0]))
    mixture.variances.fill_(0.0025)
    mixture(values)
    assert 0 < float(mixture.means[2]) < 1 and float(mixture.weights[2]) > 0.2


def test_momentum_keeps_part_of_the_statistics() -> None:
    mixture = toy(momentum=0.9)
    mixture(TOY)
    replaced = toy()
    replaced(TOY)
    weights = 0.9 / 3 + 0.1 * replaced.weights
    old_means = torch.tensor([0.2, 0.5, 0.8])
    means = (0.3 * old_means + 0.1 * replaced.weights * replaced.means) / weights
    torch.testing.assert_close(mixture.weights, weights)
    torch.testing.assert_close(mixture.means, means)
    squares = 0.3 * (1 + old_means.square()) + 0.1 * replaced.weights * (
        replaced.variances + replaced.means.square()
    )
    torch.testing.assert_close(mixture.variances, squares / weights - means.square())


def test_state_round_trip_continues_exactly() -> None:
    one = OnlineMixture(3, initial="quantiles", momentum=0.5)
    one(two_groups(3))
    other = OnlineMixture(3, initial="quantiles", momentum=0.5, seed=9)
    other.load_state_dict(one.state_dict())
    for mixture in (one, other):
        mixture(two_groups(4))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="momentum"):
        OnlineMixture(momentum=1.0)
    with pytest.raises(ValueError, match="'kmeans'"):
        OnlineMixture(initial="kmeans")  # type: ignore[arg-type]
