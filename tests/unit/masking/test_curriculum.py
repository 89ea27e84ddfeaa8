"""Curriculum: its pace, the published rule, counts of patches, losses."""

import itertools
import math
from typing import Any

import pytest
import torch

from twinband.masking.curriculum import Curriculum, walked

MEANS = [0.08, 0.3, 0.6]


def built(**settings: Any) -> Curriculum:
    return Curriculum(196, 19, **settings)


def trace(curriculum: Curriculum, ticks: int, gap: float = 0.0) -> list[list[float]]:
    history = []
    for tick in range(1, ticks + 1):
        curriculum.turn(tick, MEANS, gap)
        history.append(curriculum.centres[: int(curriculum.active)].tolist())
    return history


@pytest.mark.parametrize("pace", ["linear", "cosine"])
def test_the_first_half_ends_at_the_mixture_and_the_second_at_its_largest_mean(pace: str) -> None:
    centres = trace(built(pace=pace), 100)
    assert abs(sum(centres[48]) - sum(MEANS)) <= 1e-6
    assert [len(c) for c in centres[:49]] == sorted(len(c) for c in centres[:49])
    assert len(centres[0]) == 1 and len(centres[48]) == 3
    assert centres[48][:2] == MEANS[:2]
    assert centres[99] == pytest.approx([0.6] * 3, abs=1e-9)
    sums = [sum(c) for c in centres]
    assert max(sums[:49]) <= sum(MEANS) + 1e-9
    assert all(one <= other + 1e-9 for one, other in itertools.pairwise(sums[49:]))


def test_linear_steps_are_those_of_the_published_rule() -> None:
    assert walked([0.0], MEANS, 1, 100, "linear") == pytest.approx([0.98 / 49])
    assert walked([0.09], MEANS, 10, 100, "linear") == pytest.approx([0.08, 0.9 / 40])
    at_half = walked([0.08, 0.3, 0.5], MEANS, 50, 100, "linear")
    assert at_half == pytest.approx([0.08, 0.3 + (1.8 - 0.98) / 51, 0.6])
    assert walked([0.1, 0.5, 0.6], MEANS, 99, 100, "linear") == pytest.approx([0.1, 0.6, 0.6])
    assert walked([0.1, 0.6, 0.6], MEANS, 100, 100, "linear") == pytest.approx([0.6] * 3)


def test_cosine_is_slow_at_both_ends() -> None:
    linear, cosine = (trace(built(pace=pace), 100) for pace in ("linear", "cosine"))
    assert sum(cosine[4]) < 0.3 * sum(linear[4])
    assert sum(cosine[94]) > sum(linear[94])
    # A single step of the first half: (1 - cos) / 2 of the way, scaled to arrive at tick 49.
    way = (1 - math.cos(math.pi / 100)) / (1 - math.cos(math.pi * 0.49))
    assert cosine[0][0] == pytest.approx(0.98 * way)


def test_static_has_its_final_centres_from_the_start() -> None:
    curriculum = built(pace="static")
    means = torch.tensor([0.3, 0.7, 0.1])
    assert curriculum.present_centres(means).tolist() == pytest.approx([0.7] * 3)
    curriculum.advance(0.5, lambda: means.tolist())
    assert curriculum.present_centres(means / 2).tolist() == pytest.approx([0.35] * 3)
    assert curriculum.diagnostics(means)["centre_3"] == pytest.approx(0.7)


@pytest.mark.parametrize("pace", ["static", "linear", "cosine"])
@pytest.mark.parametrize("ticks", [2, 3, 7, 100])
def test_no_tick_ever_gives_anything_but_finite_numbers(pace: str, ticks: int) -> None:
    curriculum = built(pace=pace, ticks=ticks)
    generator = torch.Generator().manual_seed(0)
    for tick in range(301):
        means = torch.rand(3, generator=generator).sort().values.tolist()
        curriculum.turn(tick, means, 0.01)
        assert curriculum.centres.isfinite().all()
        if tick >= ticks // 2:
            assert curriculum.present_centres(torch.tensor(means)).max() <= means[-1] + 1e-6
    curriculum.turn(301, [0.2, 0.2, 0.2], 0.0)
    curriculum.turn(302, [0.0, 0.0, 0.0], 0.0)
    assert curriculum.centres.isfinite().all()


def test_kept_counts_move_with_the_losses_and_stop_at_their_limits() -> None:
    curriculum = built()
    assert curriculum.kept == (19, 19)
    curriculum.turn(1, MEANS, 0.19)
    assert curriculum.kept == (18, 20)  # int(1.9) = 1
    curriculum.turn(2, MEANS, -0.38)
    assert curriculum.kept == (20, 18)  # truncated towards 0 from below too
    for tick in range(100):
        curriculum.turn(tick, MEANS, 1.0)
    assert curriculum.kept == (10, 28) and float(curriculum.centre_bias) == pytest.approx(0.1)
    for tick in range(100):
        curriculum.turn(tick, MEANS, -1.0)
        assert min(curriculum.kept) >= 1 and sum(curriculum.kept) == 38
    assert curriculum.kept == (28, 10) and float(curriculum.centre_bias) == pytest.approx(-0.1)


def test_one_patch_of_either_modality_is_left_whatever_the_ratio_allows() -> None:
    curriculum = Curriculum(40, 2, mask_ratio=0.9, mask_ratio_max=0.999)
    for tick in range(50):
        curriculum.turn(tick, MEANS, 1.0)
    assert curriculum.kept == (1, 3)


def test_progress_decides_how_many_ticks_and_asks_for_means_only_then() -> None:
    curriculum = built()
    asked = []

    def means() -> list[float]:
        asked.append(1)
        return [0.6, 0.08, 0.3]

    for step in range(1000):
        curriculum.advance(step / 1000, means)
    assert int(curriculum.tick) == 99 and len(asked) == 99
    curriculum.advance(0.2, means)
    assert int(curriculum.tick) == 99
    coarse = built()
    coarse.advance(0.29, means)
    assert int(coarse.tick) == 29  # 0.29 * 100 is 28.999… in floating point
    fine = trace(built(), 29)[-1]
    assert coarse.centres[: int(coarse.active)].tolist() == pytest.approx(fine)


def test_losses_are_averaged_and_bad_ones_left_out() -> None:
    curriculum = built(loss_momentum=0.5)
    curriculum.observe(1.0, torch.tensor(3.0, requires_grad=True))
    assert curriculum.losses.tolist() == [1.0, 3.0]
    curriculum.observe(math.nan, 5.0)
    assert curriculum.losses.tolist() == [1.0, 3.0] and int(curriculum.observed) == 1
    curriculum.observe(2.0, 5.0)
    assert curriculum.losses.tolist() == [1.5, 4.0]
    curriculum.advance(0.01, lambda: MEANS)
    assert float(curriculum.count_bias) == 9.0  # 10 * 2.5, cut off
    assert float(curriculum.centre_bias) == pytest.approx(0.1)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="'quadratic'"):
        built(pace="quadratic")
    for settings in ({"ticks": 1}, {"mask_ratio_max": 0.8}, {"loss_momentum": 1.0}):
        with pytest.raises(ValueError, match="curriculum needs"):
            built(**settings)
