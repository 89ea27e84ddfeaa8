"""Standardised depth (spec multimae, 1.2 and test 5 of its section 10)."""

import pytest
import torch

from twinband.methods.multimae.depth import standardised_depth

DEPTH = torch.arange(1.0, 11.0).view(1, 1, 2, 5)
STANDARD = [-1.8371, -1.4289, -1.0206, -0.6124, -0.2041, 0.2041, 0.6124, 1.0206, 1.4289, 1.8371]


def test_the_middle_values_give_mean_and_variance() -> None:
    found = standardised_depth(DEPTH)
    assert found.flatten().tolist() == pytest.approx(STANDARD, abs=1e-4)


def test_order_scale_and_offset_do_not_matter_and_maps_are_apart() -> None:
    shuffled = DEPTH.flatten()[torch.randperm(10)].view_as(DEPTH)
    batch = torch.cat([shuffled, 3 * shuffled + 7, 1e4 * shuffled])
    first, second, third = standardised_depth(batch)
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(first, third)
    assert first.flatten().sort().values.tolist() == pytest.approx(STANDARD, abs=1e-4)


def test_outliers_are_kept_but_do_not_count() -> None:
    far = DEPTH.clone()
    far[..., -1, -1] = 1e6
    found = standardised_depth(far).flatten()
    assert found[:-1].tolist() == pytest.approx(STANDARD[:-1], abs=1e-4)
    assert found[-1] > 1e5


def test_unknown_values_do_not_count_and_stay_unknown() -> None:
    holes = torch.cat([DEPTH.flatten(), torch.full((10,), torch.nan)]).view(1, 1, 4, 5)
    found = standardised_depth(holes).flatten()
    assert found[:10].tolist() == pytest.approx(STANDARD, abs=1e-4)
    assert found[10:].isnan().all()
    assert standardised_depth(torch.full((2, 1, 2, 2), torch.nan)).isnan().all()


def test_a_constant_map_is_0_and_few_values_are_finite() -> None:
    assert (standardised_depth(torch.full((1, 1, 8, 8), 5.0)) == 0).all()
    few = torch.full((1, 1, 2, 2), torch.nan)
    few[0, 0, 0, 0] = 3.0
    assert standardised_depth(few)[0, 0, 0, 0].isfinite()
