"""Forward passes in fp32, bf16 or fp16, and the optimizer's step that fits."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """bf16 and fp16 run the forward pass under autocast; fp16 scales the loss as well, so that
    small gradients are not lost, and skips a step whose scaled gradients overflowed."""

    def __init__(self, kind: str, device: str) -> None:
        self._device = device
        self._dtype = AUTOCAST.get(kind)
        self._scaler = torch.amp.GradScaler(device, enabled=kind == "fp16")

    def autocast(self) -> AbstractContextManager[Any]:
        """The context of a forward pass."""
        return torch.autocast(self._device, self._dtype, enabled=self._dtype is not None)

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        self._scaler.scale(loss).backward()

    def gradient_norm(self, optimizer: torch.optim.Optimizer, clip_norm: float) -> Tensor:
        """Length of the whole gradient, which is shortened to ``clip_norm`` unless that is 0."""
        self._scaler.unscale_(optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if clip_norm:
            torch.nn.utils.clip_grads_with_norm_(parameters, clip_norm, norm)
        return norm

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the weights, or with fp16 after an overflow only the scale."""
        self._scaler.step(optimizer)
        self._scaler.update()

    def may_skip(self) -> bool:
        """Whether a gradient that is not finite is an overflow that a smaller scale may cure."""
        return self._scaler.is_enabled() and self._scaler.get_scale() >= 1

    def state_dict(self) -> dict[str, Any]:
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(state)
