"""The published curriculum and mixture, and the arm that has them, beside a plain transcription."""

import io
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.made.published_masking import PublishedMasking
from twinband.arms.gmm_cmss import Arm
from twinband.masking.online import OnlineMixture
from twinband.masking.published import (
    PublishedCurriculum,
    PublishedMixture,
    walked_as_published,
)
from twinband.networks.sampler import Visible

MEANS = [0.08, 0.3, 0.6]
STEPS, ROWS, LENGTH, FEATURES = 200, 6, 196, 32


def tokens(step: int) -> list[Tensor]:
    """Tokens ``[B,L,D]`` of two modalities, part alike."""
    generator = torch.Generator().manual_seed(step)
    place = torch.randn(LENGTH, FEATURES, generator=torch.Generator().manual_seed(999)) * 0.3
    shared, one, other = torch.randn(3, ROWS, LENGTH, FEATURES, generator=generator)
    own = torch.rand(ROWS, LENGTH, 1, generator=generator) ** 2 * 2
    return [place + shared + own * one, place + 0.8 * (shared + own * other)]


def loss_pair(step: int, drift: float) -> tuple[float, float]:
    """Losses of the modalities that choose first and second in a step."""
    noise = np.random.default_rng(step).normal(0, 0.02, 2)
    return 1.0 + float(noise[0]), 1.0 + drift + float(noise[1])


@pytest.mark.parametrize(
    ("first", "drift", "components"),
    [("thermal", 0.03, 3), ("rgb", 0.03, 3), ("thermal", -0.015, 3), ("thermal", 0.01, 4)],
)
def test_indices_are_those_of_the_published_rules_at_every_step(
    first: str, drift: float, components: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = Arm(LENGTH, parity="reference", first_modality=first, components=components)
    plain = PublishedMasking(arm.mixture.means.numpy(), steps_per_tick=STEPS // 100)
    queue: list[Tensor] = []
    monkeypatch.setattr(
        "twinband.masking.draws.normal", lambda _rows, columns, _: queue.pop(0)[:, :columns]
    )
    losses, counts, different = (0.0, 0.0), set(), 0
    for step in range(STEPS):
        pair = tokens(step)
        normals = torch.randn(2, ROWS, LENGTH, generator=torch.Generator().manual_seed(5000 + step))
        queue.extend(normals)
        arm.advance(step / (STEPS - 1))
        thermal, rgb = pair if first == "thermal" else pair[::-1]
        visible: Visible = arm(rgb, thermal)
        found = [visible.thermal.numpy(), visible.rgb.numpy()]
        expected = plain.step(
            pair[0].double().numpy(),
            pair[1].double().numpy(),
            losses,
            (normals[0].double().numpy(), normals[1].double().numpy()),
        )
        for mine, theirs in zip(
            found if first == "thermal" else found[::-1], expected, strict=True
        ):
            assert mine.shape == theirs.shape, step
            different += int((mine != theirs).any())
        counts.add(mine.shape[1])
        losses = loss_pair(step, drift)
        arm.observe(*(losses if first == "rgb" else losses[::-1]))
        np.testing.assert_allclose(arm.mixture.means.numpy(), plain.means, rtol=1e-5)
        np.testing.assert_allclose(arm.mixture.variances.numpy(), plain.variances, rtol=1e-4)
    # A target midway between two patches may tip either way by rounding: one choice in 1600 did.
    assert different <= 4
    assert {max(counts), min(counts)} == ({28, 19} if drift > 0 else {19, 8})
    # The plain rules do the last tick after the last step; then as many have been done.
    assert plain.ticks == 100 and int(arm.curriculum.tick) == 99


def test_the_second_half_walks_past_the_largest_mean_as_published() -> None:
    assert walked_as_published([0.09], MEANS, 10) == pytest.approx([0.08, 0.9 / 40])
    at_half = walked_as_published([0.08, 0.3, 0.5], MEANS, 50)
    assert at_half == pytest.approx([0.08, 0.3 + (1.8 - 0.98) / 51, 0.6])
    # Those above the largest mean stay there, and what they have too much the others get less.
    above = walked_as_published([0.1, 0.7, 0.5], MEANS, 99)
    assert above == pytest.approx([0.1 + (1.8 - 1.4) / 2, 0.7, 0.6])
    # Without any below it, the first takes all the rest: here too, the sum aims at three means.
    assert walked_as_published([0.2], MEANS, 60) == pytest.approx([0.6 + 1.2 / 41])
    assert walked_as_published([0.6, 0.7], MEANS, 60) == pytest.approx([0.6 + 0.6 / 41, 0.6])
    assert walked_as_published([0.7, 0.6, 0.6], MEANS, 100) == pytest.approx([0.6, 0.6, 0.6])


def test_a_bias_passes_its_limit_once_and_then_stays_at_it() -> None:
    curriculum = PublishedCurriculum(196, 19)
    curriculum.turn(1, MEANS, 0.89)
    assert float(curriculum.count_bias) == pytest.approx(8.9) and curriculum.kept == (11, 27)
    curriculum.turn(2, MEANS, 0.3)
    assert float(curriculum.count_bias) == pytest.approx(11.9) and curriculum.kept == (8, 30)
    for tick in range(3, 60):
        curriculum.turn(tick, MEANS, -1.0)
        assert curriculum.kept == (10, 28) and float(curriculum.centre_bias) == 0.1


def test_a_negative_bias_has_no_limit_but_one_patch_stays() -> None:
    curriculum = PublishedCurriculum(196, 19)
    curriculum.turn(1, MEANS, -0.19)
    assert curriculum.kept == (20, 18)  # towards 0
    for tick in range(2, 50):
        curriculum.turn(tick, MEANS, -1.0)
    assert float(curriculum.count_bias) == pytest.approx(-481.9)
    assert float(curriculum.centre_bias) == pytest.approx(-4.819)
    assert curriculum.kept == (37, 1)


def test_a_tick_knows_the_losses_of_the_step_before_last() -> None:
    curriculum = PublishedCurriculum(196, 19)
    curriculum.observe(1.0, 1.1)
    assert curriculum.losses.tolist() == [0.0, 0.0]
    curriculum.observe(math.nan, 5.0)
    curriculum.observe(2.0, 4.0)
    torch.testing.assert_close(curriculum.losses, torch.tensor([1.0, 1.1]))
    curriculum.advance(0.01, lambda: MEANS)
    assert float(curriculum.count_bias) == pytest.approx(1.0)
    assert curriculum.due(0.0) == 0 and curriculum.due(0.99) == curriculum.due(1.0) == 99


def test_the_mixture_has_no_floors() -> None:
    generator = torch.Generator().manual_seed(0)
    values = 1e-7 * torch.rand(500, generator=generator)
    values[:3] = torch.tensor([1.0, 1.0, 0.9])
    bare, guarded = PublishedMixture(3), OnlineMixture(3)
    for _ in range(60):
        bare(values)
        guarded(values)
    assert 1e-16 < float(bare.variances.min()) < 1e-14
    assert float(guarded.variances.min()) > 1e-9
    assert float(bare.weights.sum()) == pytest.approx(1)


@pytest.mark.parametrize(
    "values",
    [torch.tensor([0.1] * 10 + [0.9]), torch.full((50,), 0.4), torch.full((9,), torch.nan)],
)
def test_degenerate_data_never_give_nan(values: Tensor) -> None:
    mixture = PublishedMixture(3)
    mixture.means.copy_(torch.tensor([0.2, 0.5, 1e6]))
    for _ in range(40):
        mixture(values)
        for part in (mixture.means, mixture.variances, mixture.weights):
            assert part.isfinite().all()


def test_state_round_trip_continues_exactly() -> None:
    def trained(arm: Arm, begin: int, end: int) -> Visible:
        for step in range(begin, end):
            arm.advance(step / 59)
            visible: Visible = arm(*tokens(step))
            arm.observe(*loss_pair(step, 0.05))
        return visible

    straight, begun, resumed = (Arm(LENGTH, parity="reference", seed=4) for _ in range(3))
    whole = trained(straight, 0, 60)
    trained(begun, 0, 31)
    stream = io.BytesIO()
    torch.save(begun.state_dict(), stream)
    stream.seek(0)
    resumed.load_state_dict(torch.load(stream, weights_only=True))
    again = trained(resumed, 31, 60)
    assert torch.equal(whole.rgb, again.rgb) and torch.equal(whole.thermal, again.thermal)
    for key, value in straight.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_parity_sets_the_published_options_and_refuses_others() -> None:
    arm = Arm(LENGTH, parity="reference", norm="batch_max", ticks=100)
    assert (arm.variance, arm.norm, arm.mixture_scope) == (
        "first_squared",
        "batch_max",
        "image_contiguous",
    )
    assert arm.model_options(parity="reference", norm="batch_max") == {
        "shared_decoder_norm": True,
        "reference_biases": True,
    }
    assert arm.model_options(norm="quantile") == {}
    for name, value in {
        "norm": "quantile",
        "variance": "product",
        "mixture_scope": "patch",
        "initial": "quantiles",
        "momentum": 0.5,
        "loss_momentum": 0.9,
        "curriculum": "static",
        "ticks": 50,
        "mask_ratio_max": 0.9,
        "disjoint": False,
    }.items():
        with pytest.raises(ValueError, match=f"{name} .*not {value!r}"):
            Arm(LENGTH, parity="reference", **{name: value})
    with pytest.raises(ValueError, match="'published'"):
        Arm(LENGTH, parity="published")  # type: ignore[arg-type]
