import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from twinband.masking import nearest_without_replacement
from twinband.masking.greedy import _by_table

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
