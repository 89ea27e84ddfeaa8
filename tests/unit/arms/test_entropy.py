"""Masking by entropy: the measure by hand, who is chosen and how often."""

import math

import pytest
import torch
from torch import Tensor

from twinband.arms.entropy import token_entropy
from twinband.pretraining.start import open_arm

# Two channels whose softmax is (p, 1 - p).
SHARES = [0.5, 0.9, 0.75, 0.99]


def two_channels(shares: list[float]) -> Tensor:
    logits = torch.tensor([[math.log(share / (1 - share)), 0.0] for share in shares])
    return logits[None]


def test_entropy_by_hand() -> None:
    expected = [-p * math.log(p) - (1 - p) * math.log(1 - p) for p in SHARES]
    found = token_entropy(two_channels(SHARES))
    torch.testing.assert_close(found, torch.tensor([expected]))
    # A softmax does not know what is added to all channels; equal channels have the most.
    torch.testing.assert_close(token_entropy(two_channels(SHARES) + 50), found, rtol=1e-4, atol=0)
    assert float(token_entropy(torch.full((1, 1, 24), 3.0))) == pytest.approx(math.log(24))


def test_sharp_or_broken_tokens_have_the_least_entropy_and_are_never_a_nan() -> None:
    tokens = torch.zeros(1, 4, 8)
    tokens[0, 0, 0] = 1e4
    tokens[0, 1, 0] = math.nan
    tokens[0, 2, 0] = math.inf
    assert token_entropy(tokens)[0, :3].tolist() == pytest.approx([1e-6] * 3)
    visible = open_arm("entropy", patches=4, mask_ratio=0.75)(tokens, tokens)
    assert visible.rgb.tolist() == visible.thermal.tolist() == [[3]]


def test_many_tokens_are_measured_as_few_are() -> None:
    tokens = torch.randn(9, 196, 16, generator=torch.Generator().manual_seed(0))
    one_by_one = torch.stack([token_entropy(row[None])[0] for row in tokens])
    torch.testing.assert_close(token_entropy(tokens), one_by_one)
    share = tokens.double().softmax(-1)
    expected = -(share * share.log()).sum(-1)
    torch.testing.assert_close(token_entropy(tokens).double(), expected, rtol=1e-5, atol=1e-6)


def test_the_deterministic_form_takes_the_highest_of_either_modality_every_time() -> None:
    rgb = two_channels([0.5, 0.9, 0.75, 0.99, 0.6, 0.999])
    thermal = two_channels([0.99, 0.98, 0.5, 0.9, 0.999, 0.5])
    arm = open_arm("entropy", patches=6, mask_ratio=0.5, stochastic=False)
    for step in range(3):
        arm.advance(step / 3)
        visible = arm(rgb, thermal)
        assert visible.rgb.tolist() == [[0, 4, 2]]
        assert visible.thermal.tolist() == [[2, 5, 3]]  # the lower index first among equals


def test_draws_are_in_proportion_to_entropy_and_without_replacement() -> None:
    tokens = two_channels([*SHARES, 0.999, 0.97]).expand(20000, -1, -1)
    weights = token_entropy(tokens)[0].double()
    visible = open_arm("entropy", patches=6, mask_ratio=0.6)(tokens, tokens)
    shares = weights / weights.sum()
    for indices in (visible.rgb, visible.thermal):
        first, second = indices.T
        assert (first != second).all()
        counted = torch.bincount(first, minlength=6) / len(first)
        torch.testing.assert_close(counted.double(), shares, atol=0.012, rtol=0)
        # The second is drawn from those that are left.
        left = shares / (1 - shares[:, None])
        left.fill_diagonal_(0)
        counted = torch.bincount(second, minlength=6) / len(second)
        torch.testing.assert_close(counted.double(), shares @ left, atol=0.012, rtol=0)
    assert not torch.equal(visible.rgb, visible.thermal)
