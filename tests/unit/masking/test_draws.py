import pytest
import torch
from torch import Tensor

from twinband.masking import draw_targets, interpolated_variance
from twinband.masking.draws import chosen_components

MEANS = torch.tensor([0.5, 0.1, 0.9])
NARROW = torch.full((3,), 1e-8)
WEIGHTS = torch.tensor([0.5, 0.25, 0.25])  # in increasing order of means: .25 .5 .25


def drawn(scope: str = "patch", seed: int = 0, rows: int = 8, columns: int = 196) -> Tensor:
    return draw_targets(
        MEANS,
        NARROW,
        WEIGHTS,
        MEANS.sort().values.double(),
        rows=rows,
        columns=columns,
        length=196,
        generator=torch.Generator().manual_seed(seed),
        scope=scope,
    )


def test_variance_between_and_beyond_the_components() -> None:
    # The component of mean 0 and variance .01 belongs to the table.
    found = interpolated_variance(
        torch.tensor([-0.1, 0.35, 1.0, 0.0, 0.2, 0.1]),
        torch.tensor([0.8, 0.2, 0.5]),
        torch.tensor([0.05, 0.02, 0.03]),
    )
    torch.testing.assert_close(found, torch.tensor([0.01, 0.025, 0.05, 0.01, 0.02, 0.015]))


def test_equal_means_give_no_nan() -> None:
    at = torch.tensor([0.0, 0.3, 0.5, 0.9])
    found = interpolated_variance(at, torch.full((3,), 0.5), torch.tensor([0.1, 0.2, 0.3]))
    assert found.isfinite().all() and found[0] == 0.01 and found[3] == pytest.approx(0.3)


def test_contiguous_scope_fills_the_batch_component_by_component() -> None:
    means = drawn("image_contiguous").mean(1)
    expected = torch.tensor([0.1, 0.1, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9])
    torch.testing.assert_close(means, expected, atol=0.02, rtol=0)
    # Only the first columns are drawn, yet components change where they would for all.
    few = drawn("image_contiguous", columns=19).mean(1)
    torch.testing.assert_close(few, expected, atol=0.02, rtol=0)


def test_patch_scope_mixes_within_every_image() -> None:
    values = drawn(rows=64)
    share = torch.stack([(values - mean).abs() < 0.05 for mean in (0.1, 0.5, 0.9)]).float()
    torch.testing.assert_close(
        share.mean((1, 2)), torch.tensor([0.25, 0.5, 0.25]), atol=0.02, rtol=0
    )
    assert share.sum(0).min() > 0 and share.mean(2).min() > 0.1


def test_spread_bias_and_fewer_centres() -> None:
    values = draw_targets(
        MEANS,
        torch.tensor([0.04, 0.01, 0.09]),
        WEIGHTS,
        torch.tensor([0.6], dtype=torch.float64),
        rows=100,
        columns=196,
        length=196,
        generator=torch.Generator().manual_seed(1),
        bias=torch.tensor(-0.1, dtype=torch.float64),
    )
    assert values.dtype == torch.float32
    assert float(values.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(values.std()) == pytest.approx(0.2, abs=0.01)


def test_two_centres_take_the_weights_of_the_two_smallest_means() -> None:
    generator = torch.Generator().manual_seed(0)
    component = chosen_components(torch.tensor([0.25, 0.5]), 50, 196, 196, generator, "patch")
    assert component.unique().tolist() == [0, 1]
    assert float(component.float().mean()) == pytest.approx(2 / 3, abs=0.02)


def test_the_seed_decides() -> None:
    assert torch.equal(drawn(seed=5), drawn(seed=5))
    assert not torch.equal(drawn(seed=5), drawn(seed=6))


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="'image'"):
        drawn("image")
    generator = torch.Generator()
    with pytest.raises(ValueError, match="0 centres"):
        draw_targets(
            MEANS,
            NARROW,
            WEIGHTS,
            torch.zeros(0),
            rows=1,
            columns=1,
            length=9,
            generator=generator,
        )
