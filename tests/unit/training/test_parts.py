"""Schedule, parameter groups, moving average, settings, the curve's file, seeds."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.made.training import TinyTask, settings_of
from twinband.training.curve import LossCurve, Window
from twinband.training.optimizers import (
    WeightAverage,
    ema_decay,
    lr_factor,
    parameter_groups,
    vit_distance,
)
from twinband.training.seeds import seed_of


def test_warm_up_then_cosine() -> None:
    factors = [lr_factor(step, 110, 10) for step in range(110)]
    assert factors[:10] == pytest.approx([k / 10 for k in range(1, 11)])
    assert factors[10] == 1
    assert factors[10 + 25] == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert factors[60] == pytest.approx(0.5)
    assert 0 < factors[109] < 3e-4
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert lr_factor(0, 1, 0) == 1


def test_the_average_forgets_its_start_and_then_decays_as_told() -> None:
    assert [ema_decay(step, 0.999) for step in (0, 90)] == pytest.approx([0.1, 0.91])
    assert ema_decay(10**6, 0.999) == 0.999


def test_the_average_follows_the_formula_and_leaves_buffers_out() -> None:
    task = TinyTask()
    average = WeightAverage(task, 0.5)
    expected: Tensor = task.head.bias.detach().clone()
    for step, decay in enumerate((1 / 10, 2 / 11, 3 / 12)):
        with torch.no_grad():
            task.head.bias.add_(step + 1)
        average.update(step)
        expected = decay * expected + (1 - decay) * task.head.bias.detach()
    torch.testing.assert_close(average.state_dict()["head.bias"], expected)
    assert average.state_dict().keys() == dict(task.named_parameters()).keys()


class Vit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, 1, 4))
        self.pos_embed = nn.Parameter(torch.zeros(1, 9, 4))
        self.patch_embed = nn.Conv2d(3, 4, 2)
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.norm = nn.LayerNorm(4)


class WithHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Vit()
        self.tokens = nn.Linear(4, 4)  # a weight, whatever its module is called
        self.blocks = nn.ModuleList([nn.Linear(4, 4)])  # a decoder's, not the ViT's
        self.frozen = nn.Linear(4, 4).requires_grad_(False)


def test_groups_give_each_parameter_its_decay_and_rate() -> None:
    model = WithHead()
    groups = parameter_groups(model, 0.05, 0.5, vit_distance(3, "encoder."))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    kinds = {
        names[id(p)]: (group["weight_decay"], group["lr_scale"])
        for group in groups
        for p in group["params"]
    }
    assert kinds == {
        "encoder.class_token": (0.0, 1 / 16),
        "encoder.pos_embed": (0.0, 1 / 16),
        "encoder.patch_embed.weight": (0.05, 1 / 16),
        "encoder.patch_embed.bias": (0.0, 1 / 16),
        "encoder.blocks.0.weight": (0.05, 1 / 8),
        "encoder.blocks.0.bias": (0.0, 1 / 8),
        "encoder.blocks.1.weight": (0.05, 1 / 4),
        "encoder.blocks.1.bias": (0.0, 1 / 4),
        "encoder.blocks.2.weight": (0.05, 1 / 2),
        "encoder.blocks.2.bias": (0.0, 1 / 2),
        "encoder.norm.weight": (0.0, 1),
        "encoder.norm.bias": (0.0, 1),
        "tokens.weight": (0.05, 1),
        "tokens.bias": (0.0, 1),
        "blocks.0.weight": (0.05, 1),
        "blocks.0.bias": (0.0, 1),
    }


def test_the_rate_grows_with_the_batch() -> None:
    assert settings_of(base_lr=1.5e-4, batch_size=1024).lr == pytest.approx(6e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0, "warmup_steps": 0}, "steps = 0 must be at least 1"),
        ({"warmup_steps": 12}, "warmup_steps = 12 must be fewer than steps"),
        ({"accumulation": 3}, "accumulation = 3 must divide batch_size = 8"),
        ({"log_every": 3}, "checkpoint_every = 4 must be a multiple of log_every = 3"),
        ({"base_lr": math.nan}, "base_lr = nan must be finite"),
        ({"ema_decay": 1.0}, "ema_decay = 1.0 must lie in"),
        ({"layer_decay": 0.0}, "layer_decay = 0.0 must lie in"),
        ({"betas": (0.9, 1.0)}, "betas"),
    ],
)
def test_a_setting_out_of_range_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of(**changes)


def test_a_window_averages_what_there_is() -> None:
    window = Window()
    window.add({"loss": 1.0, "norm": math.nan})
    window.add({"loss": 2.0, "norm": 5.0})
    assert window.close() == {"loss": 1.5, "norm": 5.0}
    window.add({"loss": 3.0, "norm": math.nan})
    means = window.close()
    assert means["loss"] == 3 and math.isnan(means["norm"])


def test_the_curve_is_cut_at_the_step_it_goes_on_from(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    curve = LossCurve(path, 0)
    for step in (2, 4, 6, 8):
        curve.append(step, {"loss": step / 3})
    with path.open("ab") as stream:
        stream.write(b"\0\0\n1")  # what a power failure may leave
    again = LossCurve(path, 5)
    assert path.read_text() == "step,loss\n2,0.666666667\n4,1.33333333\n"
    with pytest.raises(ValueError, match="no column for extra"):
        again.append(6, {"loss": 1.0, "extra": 2.0})
    again.append(6, {"loss": 2.0})
    assert again.last() == {"loss": 2.0}
    assert LossCurve(path, 0).last() == {} and path.read_text() == ""


def test_seeds_differ_by_every_part_and_stay_the_same() -> None:
    seeds = [seed_of(*parts) for parts in [(0, "a", 1), (0, "a", 2), (1, "a", 1), (0, "a1", 1)]]
    assert len(set(seeds)) == 4 and all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of("order", 7) == 8920304768368948534  # on any machine
