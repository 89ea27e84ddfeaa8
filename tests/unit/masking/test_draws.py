"""Draws of target values, and the greedy choice of patches against a sequential loop."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from twinband.masking.draws import (
    _by_table,
    chosen_components,
    draw_targets,
    interpolated_variance,
    nearest_without_replacement,
)

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
        scope=scope,  # type: ignore[arg-type]
    )


def test_variance_between_and_beyond_the_components() -> None:
    # The component of mean 0 and variance .01 belongs to the table.
    variances = interpolated_variance(
        torch.tensor([-0.1, 0.35, 1.0, 0.0, 0.2, 0.1]),
        torch.tensor([0.8, 0.2, 0.5]),
        torch.tensor([0.05, 0.02, 0.03]),
    )
    torch.testing.assert_close(variances, torch.tensor([0.01, 0.025, 0.05, 0.01, 0.02, 0.015]))


def test_equal_means_give_no_nan() -> None:
    at = torch.tensor([0.0, 0.3, 0.5, 0.9])
    variances = interpolated_variance(at, torch.full((3,), 0.5), torch.tensor([0.1, 0.2, 0.3]))
    assert (
        variances.isfinite().all() and variances[0] == 0.01 and variances[3] == pytest.approx(0.3)
    )


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


STRANGE = [math.nan, math.inf, -math.inf, 3e38, -3e38]


def one_by_one(cmss: Tensor, targets: Tensor, forbidden: Tensor | None = None) -> list[list[int]]:
    """The definition, as plainly as it can be written."""
    largest = torch.finfo(cmss.dtype).max
    kept = []
    for row in range(len(cmss)):
        free = set(range(cmss.shape[1]))
        if forbidden is not None:
            free -= set(forbidden[row].tolist())
        picked = []
        for target in targets[row]:
            distances = (target - cmss[row]).abs().tolist()
            distances = [d if math.isfinite(d) else largest for d in distances]
            best = min(sorted(free), key=lambda index: distances[index])
            free.remove(best)
            picked.append(best)
        kept.append(picked)
    return kept


def test_the_worked_example() -> None:
    cmss = torch.tensor([[0.9, 0.1, 0.5, 0.3, 0.7]])
    first = nearest_without_replacement(cmss, torch.tensor([[0.32, 0.32, 0.95]]))
    assert first.tolist() == [[3, 2, 0]] and first.dtype == torch.int64
    second = nearest_without_replacement(cmss, torch.tensor([[0.9, 0.0]]), first)
    assert second.tolist() == [[4, 1]]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_is_the_sequential_loop(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 4))
    length = data.draw(st.integers(1, 24))
    taken = data.draw(st.integers(0, length))
    count = data.draw(st.integers(0, length - taken))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    # Few different values make ties; strange ones are strewn in now and then.
    levels = data.draw(st.sampled_from([2, 5, 10**6]))
    share = data.draw(st.sampled_from([0.0, 0.0, 0.3]))

    def numbers(columns: int) -> Tensor:
        drawn = torch.randint(levels, (rows, columns), generator=generator) / levels
        odd = torch.tensor(STRANGE)[torch.randint(5, drawn.shape, generator=generator)]
        return torch.where(torch.rand(drawn.shape, generator=generator) < share, odd, drawn)

    cmss, targets = numbers(length), numbers(count) * 1.5 - 0.2
    order = torch.rand(rows, length, generator=generator).argsort(1)
    forbidden = order[:, :taken] if taken else None
    expected = one_by_one(cmss, targets, forbidden)
    assert nearest_without_replacement(cmss, targets, forbidden).tolist() == expected
    assert _by_table(cmss, targets, forbidden).tolist() == expected


def test_full_size_batches_agree_on_both_ways() -> None:
    generator = torch.Generator().manual_seed(0)
    cmss = torch.rand(64, 196, generator=generator).mul(300).round() / 300
    targets = torch.randn(64, 28, generator=generator) * 0.2 + 0.4
    first = nearest_without_replacement(cmss, targets)
    assert torch.equal(first, _by_table(cmss, targets, None))
    second = nearest_without_replacement(cmss, targets, first)
    assert torch.equal(second, _by_table(cmss, targets, first))
    both = torch.cat([first, second], 1).sort(1).values
    assert (both.diff(dim=1) > 0).all()


def test_inputs_stay_as_they_are_and_other_dtypes_do() -> None:
    cmss = torch.rand(3, 10, dtype=torch.float64).requires_grad_()
    targets = torch.rand(3, 4)
    before = cmss.detach().clone()
    kept = nearest_without_replacement(cmss, targets)
    assert torch.equal(cmss, before)
    assert kept.tolist() == one_by_one(before, targets.double())
    assert nearest_without_replacement(cmss.bfloat16(), targets.half()).shape == (3, 4)


def test_all_patches_can_be_taken_and_not_one_more() -> None:
    cmss = torch.rand(2, 5)
    kept = nearest_without_replacement(cmss, torch.rand(2, 5))
    assert kept.sort(1).values.tolist() == [[0, 1, 2, 3, 4]] * 2
    with pytest.raises(ValueError, match="only 5 patches"):
        nearest_without_replacement(cmss, torch.rand(2, 6))
    with pytest.raises(ValueError, match="1 targets and 5 forbidden"):
        nearest_without_replacement(cmss, torch.rand(2, 1), kept)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"\[3, 2\]"):
        nearest_without_replacement(torch.rand(2, 5), torch.rand(3, 2))
    with pytest.raises(ValueError, match="forbidden"):
        nearest_without_replacement(torch.rand(2, 5), torch.rand(2, 2), torch.zeros(1, 1).long())
