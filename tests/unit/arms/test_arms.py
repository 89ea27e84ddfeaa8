"""Masking arms: counts of patches, curricula, determinism, state."""

import copy
import io
import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from twinband.masking.draws import nearest_without_replacement
from twinband.networks.sampler import Sampler, Visible
from twinband.pretraining.start import open_arm

NAMES = ["random", "fixed", "entropy", "cmss", "gmm_cmss"]
TARGETED = ["cmss", "gmm_cmss"]
LENGTH = 196


def batch(seed: int, rows: int = 4, length: int = LENGTH, features: int = 24) -> list[Tensor]:
    """Tokens of both modalities: part alike and smooth, part with structure of its own."""
    generator = torch.Generator().manual_seed(seed)
    shared, rgb, thermal = torch.randn(3, rows, length, features, generator=generator)
    own = torch.rand(rows, length, 1, generator=generator) ** 2 * 2
    return [shared + own * rgb, 0.8 * (shared + own * thermal)]


def trained(sampler: Sampler, begin: int, end: int, gap: float = 0.02) -> list[Visible]:
    found = []
    for step in range(begin, end):
        sampler.advance(step / 100)
        found.append(sampler(*batch(step)))
        sampler.observe(torch.tensor(1.0 + gap), torch.tensor(1.0))
    return found


def same(one: Visible, other: Visible) -> bool:
    return torch.equal(one.rgb, other.rgb) and torch.equal(one.thermal, other.thermal)


def distinct(*indices: Tensor) -> bool:
    return bool((torch.cat(indices, 1).sort(1).values.diff(dim=1) > 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_shows_the_same_number_of_tokens_at_every_step(name: str) -> None:
    for visible in trained(open_arm(name, patches=LENGTH), 0, 100):
        assert visible.rgb.shape[1] + visible.thermal.shape[1] == 38
        assert visible.rgb.dtype == visible.thermal.dtype == torch.int64
        for indices in (visible.rgb, visible.thermal):
            assert indices.min() >= 0 and indices.max() < LENGTH and distinct(indices)
        if name in TARGETED:
            assert visible.cmss is not None and visible.cmss.shape == (4, LENGTH)
            assert distinct(visible.rgb, visible.thermal)


def test_counts_of_the_strategies() -> None:
    def counts(name: str) -> tuple[int, int]:
        visible = open_arm(name, patches=LENGTH)(*batch(0))
        return visible.thermal.shape[1], visible.rgb.shape[1]

    assert [counts(name) for name in NAMES] == [(19, 19), (23, 15)] + [(19, 19)] * 3


@pytest.mark.parametrize("name", TARGETED)
def test_masks_at_full_shift_hide_186_of_thermal_and_168_of_rgb(name: str) -> None:
    sampler = open_arm(name, patches=LENGTH)
    visible = trained(sampler, 0, 30, gap=1.0)[-1]
    hidden = [
        torch.ones(4, LENGTH).scatter_(1, indices, 0).sum(1).tolist()
        for indices in (visible.thermal, visible.rgb)
    ]
    assert hidden == [[186.0] * 4, [168.0] * 4]
    assert sampler.diagnostics()["kept_thermal"] == 10 and sampler.diagnostics()["kept_rgb"] == 28


@pytest.mark.parametrize("name", TARGETED)
def test_the_first_modality_is_the_one_that_gives_way_when_it_costs_less(name: str) -> None:
    counts = {}
    for first in ("thermal", "rgb"):
        sampler = open_arm(name, patches=LENGTH, first_modality=first)
        visible = trained(sampler, 0, 30, gap=1.0)[-1]
        counts[first] = (visible.thermal.shape[1], visible.rgb.shape[1])
        found = sampler.diagnostics()
        assert found["loss_rgb"] == 2.0 and found["loss_thermal"] == 1.0
        assert (found["kept_thermal"], found["kept_rgb"]) == counts[first]
    # RGB costs more and gets more, whoever chooses first.
    assert counts == {"thermal": (10, 28), "rgb": (10, 28)}


@pytest.mark.parametrize("name", TARGETED)
def test_the_gap_of_the_losses_moves_the_targets_apart(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[Tensor] = []

    def recorded(cmss: Tensor, targets: Tensor, forbidden: Tensor | None = None) -> Tensor:
        looked_for.append(targets)
        return nearest_without_replacement(cmss, targets, forbidden)

    sampler = open_arm(name, patches=LENGTH)
    trained(sampler, 0, 30, gap=1.0)
    monkeypatch.setattr("twinband.masking.targeted.nearest_without_replacement", recorded)
    sampler.eval()
    for _ in range(40):
        sampler(*batch(0))
    first, second = (torch.cat(looked_for[begin::2], 1).mean() for begin in (0, 1))
    assert float(first - second) == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize("name", TARGETED)
def test_easy_to_hard(name: str) -> None:
    """Structured patches (low CMSS) are shown at first, smooth ones at the end."""
    settings = {"initial": "quantiles"} if name == "gmm_cmss" else {}
    visible = trained(open_arm(name, patches=LENGTH, **settings), 0, 100, gap=0.0)

    def level(one: Visible) -> float:
        assert one.cmss is not None
        both = torch.cat([one.thermal, one.rgb], 1)
        rank = one.cmss.argsort(1).argsort(1).float() / LENGTH
        return float(rank.gather(1, both).mean())

    start, middle, end = (
        sum(map(level, visible[part])) / 10
        for part in (slice(1, 11), slice(44, 54), slice(90, 100))
    )
    assert start < middle - 0.05 and middle < end - 0.1
    static = trained(open_arm(name, patches=LENGTH, curriculum="static"), 0, 20, gap=0.0)
    assert level(static[-1]) > middle


@pytest.mark.parametrize("name", NAMES)
def test_state_round_trip_continues_exactly(name: str) -> None:
    settings = {"norm": "running_max", "curriculum": "cosine"} if name in TARGETED else {}
    straight = open_arm(name, patches=LENGTH, seed=4, **settings)
    whole = trained(straight, 0, 60)
    begun = open_arm(name, patches=LENGTH, seed=4, **settings)
    trained(begun, 0, 37)
    stream = io.BytesIO()
    torch.save(begun.state_dict(), stream)
    stream.seek(0)
    resumed = open_arm(name, patches=LENGTH, seed=4, **settings)
    resumed.load_state_dict(torch.load(stream, weights_only=True))
    for one, other in zip(whole[37:], trained(resumed, 37, 60), strict=True):
        assert same(one, other)
    assert straight.state_dict().keys() == resumed.state_dict().keys()
    for key, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key
    assert same(copy.deepcopy(straight).eval()(*batch(0)), copy.deepcopy(resumed).eval()(*batch(0)))


@pytest.mark.parametrize("name", NAMES)
def test_random_numbers_depend_on_seed_step_and_call_alone(name: str) -> None:
    one, other, different = (open_arm(name, patches=LENGTH, seed=seed) for seed in (1, 1, 2))
    for sampler in (one, other, different):
        trained(sampler, 0, 60)
        sampler.eval()
    other(*batch(9))
    for sampler in (one, other, different):
        sampler.advance(0.6)
    first = one(*batch(0))
    assert same(first, other(*batch(0)))
    again = one(*batch(0))
    assert not same(first, again)  # another micro-batch of the same step
    one.advance(0.6)
    assert not same(first, one(*batch(0)))
    assert not same(first, different(*batch(0)))


@pytest.mark.parametrize("name", TARGETED)
def test_evaluation_mode_leaves_the_state_alone(name: str) -> None:
    sampler = open_arm(name, patches=LENGTH, norm="running_max")
    trained(sampler, 0, 5)
    before = copy.deepcopy(sampler.state_dict())
    sampler.eval()(*batch(50))
    for key, value in sampler.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("name", ["random", "fixed"])
def test_random_positions_are_uniform_and_disjoint_if_asked(name: str) -> None:
    tokens = [torch.zeros(500, 20, 2)] * 2
    visible = open_arm(name, patches=20, mask_ratio=0.8)(*tokens)
    counts = torch.bincount(visible.thermal.flatten(), minlength=20).float()
    assert (counts / counts.sum() - 0.05).abs().max() < 0.012
    assert not distinct(visible.rgb, visible.thermal)
    visible = open_arm(name, patches=20, mask_ratio=0.8, disjoint=True)(*tokens)
    assert distinct(visible.rgb, visible.thermal)


def test_modalities_may_share_positions_if_asked() -> None:
    joint = open_arm("gmm_cmss", patches=LENGTH, disjoint=False)
    assert not all(distinct(one.rgb, one.thermal) for one in trained(joint, 0, 10))


def test_the_variance_squared_is_that_of_the_modality_that_chooses_first() -> None:
    rgb, thermal = batch(3)
    first = open_arm("gmm_cmss", patches=LENGTH, variance="first_squared", first_modality="rgb")
    other = open_arm("gmm_cmss", patches=LENGTH, variance="first_squared")
    straight, swapped = first(rgb, thermal), other(thermal, rgb)
    assert torch.equal(straight.rgb, swapped.thermal)
    assert torch.equal(straight.thermal, swapped.rgb)


def test_swapped_modalities_swap_what_is_shown() -> None:
    rgb, thermal = batch(3)
    one, other = (open_arm("gmm_cmss", patches=LENGTH, variance="first_squared") for _ in range(2))
    straight, swapped = one(rgb, thermal), other(thermal, rgb)
    assert not torch.equal(straight.thermal, swapped.thermal)


@pytest.mark.parametrize("name", TARGETED)
@pytest.mark.parametrize("norm", ["batch_max", "quantile", "running_max"])
def test_bad_tokens_leave_a_valid_choice_and_no_nan(name: str, norm: str) -> None:
    rgb, thermal = batch(1)
    sampler = open_arm(name, patches=LENGTH, norm=norm)
    for bad in (
        [rgb, torch.full_like(thermal, 0.3)],
        [torch.zeros_like(rgb), thermal],
        [torch.full_like(rgb, math.nan), thermal],
        [rgb[:1], thermal[:1]],
    ):
        sampler.advance(0.4)
        visible = sampler(*bad)
        sampler.observe(math.nan, 1.0)
        assert distinct(visible.rgb, visible.thermal)
        assert visible.cmss is not None and visible.cmss.isfinite().all()
    for key, value in sampler.state_dict().items():
        assert value.isfinite().all(), key
    assert all(math.isfinite(value) for value in sampler.diagnostics().values())


@pytest.mark.parametrize("name", NAMES)
def test_odd_numbers_of_patches(name: str) -> None:
    rgb, thermal = batch(0, length=35)
    visible = open_arm(name, patches=35, mask_ratio=0.75)(rgb, thermal)
    assert visible.rgb.shape[1] + visible.thermal.shape[1] == 16


@pytest.mark.parametrize("name", NAMES)
def test_a_step_never_waits_for_the_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the device ``meta`` there are no numbers, so that reading one back is an error."""
    sampler = open_arm(name, patches=LENGTH, **({"norm": "quantile"} if name in TARGETED else {}))
    trained(sampler, 0, 30)
    sampler.to("meta")
    monkeypatch.setattr(Sampler, "generator", lambda _, device: _Generator(device))
    monkeypatch.setattr("twinband.masking.draws.torch.rand", _without_generator(torch.rand))
    monkeypatch.setattr("twinband.masking.draws.torch.randn", _without_generator(torch.randn))
    monkeypatch.setattr("twinband.masking.measure.torch.autocast", _NoAutocast)
    tokens = torch.zeros(4, LENGTH, 24, device="meta")
    sampler.advance(0.2905)  # a step without a tick
    visible = sampler(tokens, tokens)
    sampler.observe(tokens.mean(), tokens.mean())
    assert visible.rgb.is_meta and visible.rgb.shape[1] + visible.thermal.shape[1] == 38


class _Generator(NamedTuple):
    """Stands for a generator on a device that has none."""

    device: torch.device


class _NoAutocast(nullcontext[None]):
    """``torch.autocast`` on a device that has none."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__(None)


def _without_generator(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def drawn(*size: int, generator: object = None, **settings: Any) -> Tensor:
        return function(*size, **settings)

    return drawn


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(
        ValueError, match="'mae'; known are cmss, dirichlet, entropy, fixed, gmm_cmss, random"
    ):
        open_arm("mae", patches=4)
    with pytest.raises(ValueError, match="leaves 0 of 6"):
        open_arm("random", patches=6)
    with pytest.raises(ValueError, match="leaves 6 of 8"):
        open_arm("gmm_cmss", patches=8, mask_ratio=0.25)
    with pytest.raises(ValueError, match=r"tokens \[B,196,D\], not \[4, 100, 24\]"):
        open_arm("gmm_cmss", patches=LENGTH)(*batch(0, length=100))
    with pytest.raises(ValueError, match="progress"):
        open_arm("random", patches=LENGTH).advance(math.nan)
    with pytest.raises(ValueError, match="'both'"):
        open_arm("cmss", patches=LENGTH, first_modality="both")
    with pytest.raises(ValueError, match="'image'"):
        open_arm("gmm_cmss", patches=LENGTH, mixture_scope="image")
    with pytest.raises(TypeError):
        open_arm("random", patches=LENGTH, curriculum="static")
