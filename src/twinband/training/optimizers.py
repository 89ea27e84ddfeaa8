"""The exponential moving average of a model's weights.

Optimizers by name: AdamW for all, or Muon for the matrices of hidden layers.

Which parameters decay, and how fast each layer learns.

Learning rate and EMA decay as pure functions of the step.
"""

import math
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from twinband.training.settings import TrainingSettings


def lr_factor(step: int, steps: int, warmup_steps: int) -> float:
    """The part of the peak learning rate that ``step`` (from 0) uses, in ]0, 1].

    Linear from 1 / ``warmup_steps`` to 1 over the first ``warmup_steps``, then a cosine that
    would reach 0 one step after the last, so that no step is idle.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = (step - warmup_steps) / (steps - warmup_steps)
    return (1 + math.cos(math.pi * done)) / 2


def ema_decay(step: int, decay: float) -> float:
    """Decay after ``step`` (from 0): small at first, so that the average forgets the
    initialisation in short runs too, and at most ``decay``."""
    return min(decay, (1 + step) / (10 + step))


class WeightAverage:
    """Moving average of the trained parameters; starts as they are.

    Buffers are not averaged: they are counts and statistics whose current value is the right one.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._current = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._average = {name: value.detach().clone() for name, value in self._current.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after ``step`` (from 0)."""
        weight = 1 - ema_decay(step, self._decay)
        for name, value in self._current.items():
            self._average[name].lerp_(value.detach(), weight)

    def state_dict(self) -> dict[str, Tensor]:
        """Parameter name to average."""
        return self._average

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue from ``state``, bit for bit."""
        for name, value in self._average.items():
            value.copy_(state[name])


# A parameter's own name (after the last dot) that marks it as a learnt input, not a weight.
NOT_WEIGHTS = re.compile(r"token|pos_embed|position")


def parameter_groups(
    model: nn.Module, weight_decay: float, layer_decay: float, distance: Callable[[str], int]
) -> list[dict[str, Any]]:
    """Groups for an optimizer: one for each pair of weight decay and learning rate.

    Weight decay is 0 for biases and norms (whatever has one dimension or none), tokens and
    position embeddings. Frozen parameters are in no group.

    Args:
        distance: layers between a parameter, by its name, and the output. Its learning rate is
            multiplied by ``layer_decay ** distance``, which the group keeps as ``lr_scale``.
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
    """Distances for a ViT of ``depth`` blocks whose parameters' names begin with ``prefix``.

    ``blocks.N.`` is ``depth - N`` from the output, the final ``norm`` 0, patch embedding, tokens
    and positions ``depth + 1``; a parameter outside the ViT (a head, a decoder) is at 0.
    """
    block = re.compile(re.escape(prefix) + r"blocks\.(\d+)\.")

    def distance(name: str) -> int:
        if not name.startswith(prefix) or name.startswith(f"{prefix}norm."):
            return 0
        found = block.match(name)
        return depth - int(found.group(1)) if found else depth + 1

    return distance


MOMENTUM = 0.95  # of Muon, as its author has it


def build_optimizer(
    model: nn.Module, settings: TrainingSettings, distance: Callable[[str], int]
) -> torch.optim.Optimizer:
    """The optimizer of ``settings`` over the parameters of ``model`` that are not frozen.

    Args:
        distance: see ``parameters.parameter_groups``.
    """
    groups = parameter_groups(model, settings.weight_decay, settings.layer_decay, distance)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas)
    matrices = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear)}
    of_matrices = _part(groups, lambda parameter: id(parameter) in matrices)
    others = _part(groups, lambda parameter: id(parameter) not in matrices)
    return MuonAndAdamW(of_matrices, others, settings)


def _part(
    groups: list[dict[str, Any]], chosen: Callable[[nn.Parameter], bool]
) -> list[dict[str, Any]]:
    parts = [{**group, "params": [p for p in group["params"] if chosen(p)]} for group in groups]
    return [part for part in parts if part["params"]]


class MuonAndAdamW(torch.optim.Optimizer):
    """Muon (Jordan et al., 2024) for matrices and AdamW for all else, as one optimizer.

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
            torch.optim.AdamW(others, lr=settings.lr, betas=settings.betas),
        ]
        self._share_groups()

    def _share_groups(self) -> None:
        """What is set in a group here is set in the part's: they are the same."""
        self.param_groups = list(chain.from_iterable(part.param_groups for part in self._parts))

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step of both."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """State of both, in turn."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go back to what ``state_dict`` returned."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()
