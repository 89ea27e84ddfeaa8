"""Estimates of mutual information, where it is known."""

import math

import pytest
import torch
from torch import Tensor

from twinband.fusion.information import (
    ConditionalGaussian,
    bottleneck,
    donsker_varadhan,
    info_nce,
    jensen_shannon,
    nce_bound,
    nguyen_wainwright_jordan,
)

DIMENSIONS, CORRELATION = 20, 0.5
TRUTH = -DIMENSIONS / 2 * math.log(1 - CORRELATION**2)


def gaussians(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(count, DIMENSIONS, generator=generator)
    noise = torch.randn(count, DIMENSIONS, generator=generator)
    return first, CORRELATION * first + math.sqrt(1 - CORRELATION**2) * noise


def log_ratio(first: Tensor, second: Tensor) -> Tensor:
    """The best critic: log p(y|x) / p(y), of all pairs."""
    rho = CORRELATION
    apart = (second[None] - rho * first[:, None]) ** 2 / (1 - rho**2)
    return (second[None] ** 2 - apart).sum(-1) / 2 - DIMENSIONS / 2 * math.log(1 - rho**2)


def test_the_truth_of_the_spec() -> None:
    assert math.isclose(TRUTH, 2.877, abs_tol=1e-3)


def test_lower_bounds_land_near_the_truth() -> None:
    scores = log_ratio(*gaussians(1000))
    assert donsker_varadhan(scores).item() == pytest.approx(TRUTH, rel=0.15)
    assert nguyen_wainwright_jordan(scores + 1).item() == pytest.approx(TRUTH, rel=0.15)
    batches = [nce_bound(log_ratio(*gaussians(128, seed))) for seed in range(8)]
    found = torch.stack(batches).mean().item()
    assert 0.85 * TRUTH < found < TRUTH
    assert (torch.stack(batches) <= math.log(128)).all()


def test_jensen_shannon_is_greater_for_the_better_critic() -> None:
    scores = log_ratio(*gaussians(256))
    assert jensen_shannon(scores) > jensen_shannon(torch.zeros_like(scores))


@pytest.mark.parametrize(("temperature", "loss"), [(0.07, 1.6e-4), (0.1, 0.0115), (0.2, 1.0)])
def test_info_nce_of_orthogonal_negatives(temperature: float, loss: float) -> None:
    keys = torch.eye(256)
    assert info_nce(keys, keys, temperature).item() == pytest.approx(loss, rel=0.02)


def test_info_nce_of_what_says_nothing() -> None:
    same = torch.ones(64, 4)
    assert info_nce(same, same, 0.1).item() == pytest.approx(math.log(64), rel=1e-5)


def test_club_lies_above_and_trains_its_own_parameters_only_by_likelihood() -> None:
    first, second = gaussians(2000)
    told = ConditionalGaussian(DIMENSIONS, DIMENSIONS, 64)
    optimizer = torch.optim.Adam(told.parameters(), lr=5e-3)
    for _ in range(150):
        optimizer.zero_grad()
        (-told.log_likelihood(first, second)).backward()
        optimizer.step()
    optimizer.zero_grad()
    first.requires_grad_()
    bound = told.upper_bound(first, second)
    bound.backward()
    assert all(parameter.grad is None for parameter in told.parameters())
    assert first.grad is not None and first.grad.abs().sum() > 0
    assert bound.item() > 0.85 * TRUTH


def test_the_bottleneck_of_a_standard_gaussian_is_nothing() -> None:
    assert bottleneck(torch.zeros(4, 3), torch.zeros(4, 3)).item() == 0
    assert bottleneck(torch.ones(4, 3), torch.zeros(4, 3)).item() == pytest.approx(0.5)
