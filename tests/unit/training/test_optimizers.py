"""Updates of the weights: schedule, parameter groups, moving average, optimizers."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.made.training import TinyTask, digest, run, settings_of
from tests.unit.training.test_resume import interrupted
from twinband.training.optimizers import (
    WeightAverage,
    build_optimizer,
    ema_decay,
    lr_factor,
    parameter_groups,
    vit_distance,
)

MUON = settings_of(optimizer="muon", weight_decay=0.0)


def stepped(model: nn.Module, **changes: object) -> dict[str, torch.Tensor]:
    """Do a step with gradients drawn from a seed; returns the changes by parameter."""
    settings = settings_of(optimizer="muon", **changes)
    optimizer = build_optimizer(model, settings, lambda name: 0)
    generator = torch.Generator().manual_seed(0)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()
    return {name: p.detach() - before[name] for name, p in model.named_parameters()}


def test_muon_turns_a_matrix_by_equal_amounts_in_all_directions() -> None:
    """Singular values of a step are alike, and its root mean square is 0.2 of the learning rate,
    as AdamW's is (Liu et al., 2025)."""
    changes = stepped(nn.Linear(24, 12), weight_decay=0.0)
    values = torch.linalg.svdvals(changes["weight"])
    assert values.max() / values.min() < 2
    rms = changes["weight"].square().mean().sqrt()
    assert (rms / MUON.lr).item() == pytest.approx(0.2, rel=0.2)
    # AdamW's first step is the learning rate, whatever the gradient
    assert changes["bias"].abs().tolist() == pytest.approx([MUON.lr] * 12, rel=1e-4)


def test_only_the_matrices_of_linear_layers_are_muons() -> None:
    model = nn.ModuleDict({"linear": nn.Linear(4, 4), "norm": nn.LayerNorm(4),
        "table": nn.Embedding(3, 4), "convolution": nn.Conv2d(2, 4, 3)})  # fmt: skip
    changes = stepped(model, weight_decay=0.0)
    sizes = {name: (change.abs() / MUON.lr) for name, change in changes.items()}
    assert not torch.allclose(sizes.pop("linear.weight"), torch.ones(()), atol=1e-3)
    assert all(torch.allclose(size, torch.ones(()), atol=1e-3) for size in sizes.values())


def test_weights_decay_alike_and_biases_do_not() -> None:
    model = TinyTask()
    weight, bias = model.head.weight.detach().clone(), model.head.bias.detach().clone() + 1
    with torch.no_grad():
        model.head.bias.copy_(bias)
    without = stepped(TinyTask(), weight_decay=0.0)
    changes = stepped(model, weight_decay=0.5)
    decayed = changes["head.weight"] - without["head.weight"]
    torch.testing.assert_close(decayed, -0.5 * MUON.lr * weight)
    torch.testing.assert_close(changes["head.bias"], without["head.bias"])


def test_an_interrupted_run_goes_on_exactly(tmp_path: Path) -> None:
    interrupted(tmp_path / "parts", 6, MUON)
    parts, whole = TinyTask(), TinyTask()
    assert run(tmp_path / "parts", parts, MUON).resumed_at == 4
    run(tmp_path / "whole", whole, MUON)
    assert digest(parts) == digest(whole)


def test_the_schedule_reaches_both(tmp_path: Path) -> None:
    """A step at learning rate 0 changes nothing."""
    model = TinyTask()
    optimizer = build_optimizer(model, MUON, lambda name: 0)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = digest(model)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    assert digest(model) == before


def test_muon_learns(tmp_path: Path) -> None:
    settings = settings_of(optimizer="muon", base_lr=3.0, steps=60, warmup_steps=6)
    assert run(tmp_path, TinyTask(), settings).last["loss"] < 0.1


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
