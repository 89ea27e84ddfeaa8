"""Losses that part common from unique content: identities of spec cross-modal-kd, 2.1."""

import pytest
import torch
from torch import Tensor

from twinband.fusion.decoupling import (
    agreement,
    correlation,
    correlation_ratio,
    difference,
    disagreement,
    independence,
    orthogonality,
    spread,
)


def maps(seed: int) -> Tensor:
    return torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_correlation_knows_no_scale_and_no_level() -> None:
    x = maps(0)
    assert correlation(x, 3 * x + 2).item() == pytest.approx(1, abs=1e-5)
    assert correlation(x, -x).item() == pytest.approx(-1, abs=1e-5)
    assert disagreement(x, -x).item() == pytest.approx(1, abs=1e-5)
    assert agreement(x, 2 * x).item() == pytest.approx(0, abs=1e-5)


def test_the_ratio_is_least_for_common_maps_that_agree() -> None:
    x, y = maps(0), maps(1)
    good = correlation_ratio(x, y, x, x)
    assert good < correlation_ratio(x, y, x, y) < correlation_ratio(x, x, x, y)
    assert correlation_ratio(x, x, x, -x).item() == pytest.approx(1 / 0.01, rel=1e-2)


def test_both_forms_of_orthogonality_differ() -> None:
    common = torch.tensor([[1.0, 0], [-1, 0], [1, 0], [-1, 0]])
    unique = torch.tensor([[0, 1.0], [0, -1], [0, 1], [0, -1]])
    assert orthogonality(common, unique).item() == 0  # sample by sample
    assert difference(common, unique).item() > 0.5  # over the batch they go together
    other = torch.tensor([[0, 1.0], [0, 1], [0, -1], [0, -1]])
    assert difference(common, other).item() == pytest.approx(0, abs=1e-6)


def test_linear_independence_is_the_cross_covariance() -> None:
    x, y = maps(0).flatten(1)[:, :5], maps(1).flatten(1)[:, :4]
    centred = (x - x.mean(0)).T @ (y - y.mean(0))
    expected = centred.square().sum() / 9
    torch.testing.assert_close(independence(x, y, linear=True), expected, rtol=1e-3, atol=1e-4)
    assert independence(x, x) > independence(x, y)


def test_spread_holds_against_collapse() -> None:
    assert spread(torch.zeros(4, 3, 8, 8)).item() == pytest.approx(0.99, abs=1e-3)
    assert spread(5 * maps(0)).item() == 0
