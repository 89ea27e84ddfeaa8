"""Masked pretraining as a training task: the model, and what is watched while it learns."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from twinband.masking.sampler import Sampler
from twinband.models.mae import MaskedAutoencoder
from twinband.models.mspecgene import MSpecGene
from twinband.training.parameters import vit_distance
from twinband.training.task import TrainingTask

Watch = Callable[[Any], Mapping[str, float]]


class MaskedPretraining(TrainingTask):
    """A ``MaskedAutoencoder`` or ``MSpecGene`` to be trained.

    Args:
        model: returns its losses from a batch; its ``encoder`` is a ViT.
        watch_every: steps between two looks at the masking, which may wait for the device.

    Attributes:
        watch: gives numbers to follow besides the sampler's own.
    """

    watch: Watch | None = None

    def __init__(self, model: MaskedAutoencoder | MSpecGene, watch_every: int) -> None:
        super().__init__()
        self.model = model
        self._watch_every = watch_every
        self._due = False
        self._names: list[str] | None = None
        self._distance = vit_distance(model.config.depth, "model.encoder.")

    @property
    def sampler(self) -> Sampler | None:
        found: Any = getattr(self.model, "sampler", None)
        return found if isinstance(found, Sampler) else None

    def before_step(self, step: int, steps: int) -> None:
        """Have the model move its curriculum on."""
        self._due = (step + 1) % self._watch_every == 0 or step + 1 == steps
        self.model.before_step(step, steps)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """The model's losses, and what is watched; NaN in steps in which nothing is."""
        losses: dict[str, Tensor] = self.model(batch)
        like = losses["loss"].detach().double()
        return {**losses, **{n: torch.full_like(like, v) for n, v in self._watched().items()}}

    def _watched(self) -> dict[str, float]:
        """The sampler's diagnostics and what ``watch`` tells; NaN in steps between two looks, so
        that a resumed run follows the same numbers."""
        if not self._due and self._names is not None:
            return dict.fromkeys(self._names, math.nan)
        own = self.sampler.diagnostics() if self.sampler is not None else {}
        found = {f"masking_{name}": value for name, value in own.items()}
        if self.watch is not None:
            found |= self.watch(self.model)
        self._names = list(found)
        return found if self._due else dict.fromkeys(found, math.nan)

    def layer_distance(self, name: str) -> int:
        """As in ``training.parameters.vit_distance``."""
        return self._distance(name)
