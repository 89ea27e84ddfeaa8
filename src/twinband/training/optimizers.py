"""Optimizers by name: AdamW for all, or Muon for the matrices of hidden layers."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import nn

from twinband.training.parameters import parameter_groups
from twinband.training.settings import TrainingSettings

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
