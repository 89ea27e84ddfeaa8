"""Masking strategies as masked models know them: they choose the patches that are visible."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Visible:
    """Patches that the encoder sees.

    Attributes:
        rgb: ``[B,K]`` int64 indices, all different in a row.
        thermal: ``[B,K']`` int64; K + K' is the same for every strategy and at every step.
        cmss: ``[B,L]`` CMSS, if the patches were chosen by it.
    """

    rgb: Tensor
    thermal: Tensor
    cmss: Tensor | None = None


def share_of(patches: int, share: float) -> int:
    """Count the whole patches in ``share`` of them: 0.1 of 196 are 19, and 0.1 of 100 are 10 even
    where the floating-point product is a little less."""
    return math.floor(patches * share + 1e-9)


class Strategy(nn.Module):
    """A masking strategy. A training step calls ``advance``, then asks for visible patches.

    Random numbers depend on the seed, the step and the number of calls in the step alone; state
    that depends on the past is in buffers.

    Args:
        patches: L, patches an image.
        seed: seed of the random numbers, the same on every rank.
    """

    step: Tensor

    def __init__(self, patches: int, *, seed: int = 0) -> None:
        super().__init__()
        self.patches = patches
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        # Copies on the host, so that no step has to read a buffer back from the device.
        self._step = 0
        self._calls = 0
        self.register_load_state_dict_post_hook(_copy_step)

    @staticmethod
    def model_options(**options: Any) -> dict[str, Any]:
        """Tell which fields of the model's configuration the strategy with these further arguments
        wants to have other values."""
        return {}

    def advance(self, progress: float) -> None:
        """Begin the next step of training, at ``progress`` from 0 to 1.

        Raises:
            ValueError: ``progress`` is not a number from 0 to 1.
        """
        if not 0 <= progress <= 1:
            raise ValueError(f"progress must be from 0 to 1, not {progress}")
        self._step += 1
        self._calls = 0
        self.step.fill_(self._step)

    def diagnostics(self) -> dict[str, float]:
        """Return numbers to log; may wait for the device."""
        return {}

    def call_seed(self) -> int:
        """Make the 63-bit seed of one call; every call of a step gets another one."""
        state = np.random.SeedSequence((self.seed, self._step, self._calls))
        self._calls += 1
        return int(state.generate_state(1, np.uint64)[0] >> np.uint64(1))

    def generator(self, device: torch.device) -> torch.Generator:
        """Make the generator of one call."""
        return torch.Generator(device).manual_seed(self.call_seed())


class Sampler(Strategy):
    """A strategy for pairs: tokens of both images in, visible patches out; hears the losses.

    Args:
        patches: L, patches an image.
        mask_ratio: masked share of either modality, before any shift.
        seed: seed of the random numbers, the same on every rank.

    Raises:
        ValueError: less than one visible patch, or more than half of them.
    """

    def __init__(self, patches: int, *, mask_ratio: float = 0.9, seed: int = 0) -> None:
        super().__init__(patches, seed=seed)
        kept = share_of(patches, 1 - mask_ratio)
        if not 1 <= kept <= patches // 2:
            raise ValueError(
                f"mask_ratio {mask_ratio} leaves {kept} of {patches} patches visible; "
                f"it must leave from 1 to {patches // 2}"
            )
        self.kept = kept

    def observe(self, loss_rgb: Tensor | float, loss_thermal: Tensor | float) -> None:
        """Take note of both modalities' losses in this step; on all ranks, if on any."""

    def diagnostics(self) -> dict[str, float]:
        return {"kept_rgb": float(self.kept), "kept_thermal": float(self.kept)}

    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        """Choose patches by the ``[B,L,D]`` tokens (patch plus position embedding) of both."""
        raise NotImplementedError

    def check(self, tokens: Tensor) -> None:
        """Raise ValueError unless ``tokens`` are ``[B,L,D]`` with the sampler's L."""
        if tokens.ndim != 3 or tokens.shape[1] != self.patches:
            raise ValueError(
                f"the sampler was built for tokens [B,{self.patches},D], not {list(tokens.shape)}"
            )


class ModalitySampler(Strategy):
    """A strategy for any set of modalities that share one budget of visible patches."""

    def forward(self, present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Choose the visible patches of a batch, equally many in every row.

        Args:
            present: for each modality ``[B]`` booleans: whether the sample has it.

        Returns:
            For each modality ``[B,L]`` booleans, True for what the encoder sees.
        """
        raise NotImplementedError


def _copy_step(module: nn.Module, _: object) -> None:
    assert isinstance(module, Strategy)
    module._step = int(module.step)
    module._calls = 0
