"""Updates of the weights: learning rate, parameter groups, optimizers and the moving average."""

import math
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from twinband.training.settings import TrainingSettings

MOMENTUM = 0.95  # of Muon, as in its author's code
# A parameter's own name (after the last dot) that marks it as a learnt input, not a weight.
NOT_WEIGHTS = re.compile(r"token|pos_embed|position")


def lr_factor(step: int, steps: int, warmup_steps: int) -> float:
    """Compute the factor on the peak learning rate at ``step`` (from 0), in ]0, 1].

    Linear from 1 / ``warmup_steps`` to 1 over the first ``warmup_steps``, then a cosine that
    would reach 0 one step after the last, so that no step is idle.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (steps - warmup_steps)
    return (1 + math.cos(math.pi * progress)) / 2


def parameter_groups(
    model: nn.Module, weight_decay: float, layer_decay: float, distance: Callable[[str], int]
) -> list[dict[str, Any]]:
    """Group parameters for an optimizer by weight decay and learning rate.

    Weight decay is 0 for biases and norms (parameters of at most one dimension), tokens and
    position embeddings. Frozen parameters are in no group.

    Args:
        distance: counts the layers between a parameter, by its name, and the output. Its learning
            rate is multiplied by ``layer_decay ** distance``, the group's ``lr_scale``.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decays = parameter.ndim > 1 and not NOT_WEIGHTS.search(name.rpartition(".")[2])
            kind = (weight_decay if decays else 0.0, layer_decay ** distance(name))
            groups.setdefault(kind, []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr_scale": scale}
        for (decay, scale), parameters in groups.items()
    ]


def vit_distance(depth: int, prefix: str) -> Callable[[str], int]:
    """Make ``distance`` for a ViT of ``depth`` blocks, with names that begin with ``prefix``.

    ``blocks.N.`` is ``depth - N`` from the output, the final ``norm`` 0, patch embedding, tokens
    and positions ``depth + 1``; a parameter outside the ViT (a head, a decoder) is at 0.
    """
    block = re.compile(re.escape(prefix) + r"blocks\.(\d+)\.")

    def distance(name: str) -> int:
        if not name.startswith(prefix) or name.startswith(f"{prefix}norm."):
            return 0
        match = block.match(name)
        return depth - int(match.group(1)) if match else depth + 1

    return distance


def build_optimizer(
    model: nn.Module, settings: TrainingSettings, distance: Callable[[str], int]
) -> torch.optim.Optimizer:
    """Build the optimizer of ``settings`` over the parameters of ``model`` that are not frozen.

    Args:
        distance: see ``parameter_groups``.
    """
    groups = parameter_groups(model, settings.weight_decay, settings.layer_decay, distance)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, fused=True)
    matrices = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear)}
    matrix_groups = _part(groups, lambda parameter: id(parameter) in matrices)
    other_groups = _part(groups, lambda parameter: id(parameter) not in matrices)
    return MuonAndAdamW(matrix_groups, other_groups, settings)


def _part(
    groups: list[dict[str, Any]], keep: Callable[[nn.Parameter], bool]
) -> list[dict[str, Any]]:
    parts = [{**group, "params": [p for p in group["params"] if keep(p)]} for group in groups]
    return [part for part in parts if part["params"]]


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024) for matrices and AdamW for all others, as one optimizer.

    Muon's steps have the size of AdamW's (Liu et al., 2025), so that one learning rate and one
    weight decay serve both.

    Args:
        matrices: parameter groups of weights of linear layers.
        others: the other parameter groups.
        settings: learning rate, and AdamW's betas.
    """

    def __init__(
        self,
        matrices: list[dict[str, Any]],
        others: list[dict[str, Any]],
        settings: TrainingSettings,
    ) -> None:
        super().__init__([*matrices, *others], {"lr": settings.lr})
        self._parts = [
            torch.optim.Muon(
                matrices, lr=settings.lr, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=settings.lr, betas=settings.betas, fused=True),
        ]
        self._share_groups()

    def _share_groups(self) -> None:
        """Share the parts' groups, so that a value set in a group here is set in theirs."""
        self.param_groups = list(chain.from_iterable(part.param_groups for part in self._parts))

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Do a step of both."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both, in turn."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()


def ema_decay(step: int, decay: float) -> float:
    """Compute the decay after ``step`` (from 0): at most ``decay``, and small at first, so that
    the average forgets the initialisation in short runs too."""
    return min(decay, (1 + step) / (10 + step))


class WeightAverage:
    """Exponential moving average of the trained parameters, which it starts from.

    Buffers are not averaged: they are counts and statistics whose current value is the right one.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._current = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._average = {name: value.detach().clone() for name, value in self._current.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after ``step`` (from 0)."""
        weight = 1 - ema_decay(step, self._decay)
        for name, value in self._current.items():
            self._average[name].lerp_(value.detach(), weight)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the averages by parameter name."""
        return self._average

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue from ``state``, bit for bit."""
        for name, value in self._average.items():
            value.copy_(state[name])
