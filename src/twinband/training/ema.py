"""The exponential moving average of a model's weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from twinband.training.schedule import ema_decay


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
