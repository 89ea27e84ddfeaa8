"""Masking by the batch's own CMSS quantiles in place of a fitted mixture."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from twinband.masking.draws import uniform
from twinband.masking.measure import gathered
from twinband.masking.targeted import Request, TargetedSampler


class Arm(TargetedSampler):
    """Targets are CMSS values of the batch, shifted by the curriculum.

    The sorted values are divided into K equal groups. Every target draws one of the Q groups that
    the curriculum has reached, then a value of that group, which is shifted by the distance of the
    group's centre from its median.

    Args:
        patches: L, patches an image.
        common: arguments of ``TargetedSampler``.
    """

    quantiles: Tensor
    middles: Tensor

    def __init__(self, patches: int, **common: Any) -> None:
        super().__init__(patches, **common)
        groups = len(self.curriculum.centres)
        middles = (torch.arange(groups) + 0.5) / groups
        self.register_buffer("quantiles", middles.clone())
        self.register_buffer("middles", middles, persistent=False)

    def levels(self) -> Tensor:
        return self.quantiles

    def targets(
        self, values: Tensor, requests: Sequence[Request], generator: torch.Generator
    ) -> list[Tensor]:
        pooled = gathered(values.flatten()) if self.training else values.flatten()
        ordered = pooled.sort().values
        if self.training:
            self.quantiles.copy_(_at(ordered, self.middles))
        centres = self.curriculum.present_centres(self.quantiles)
        targets = []
        for columns, bias in requests:
            group = (uniform(len(values), columns, generator) * len(centres)).long()
            group = group.clamp_max(len(centres) - 1)
            inside = uniform(len(values), columns, generator)
            drawn = _at(ordered, (group + inside) / len(self.quantiles))
            shift = (centres + bias).to(drawn.dtype) - self.quantiles[: len(centres)]
            targets.append(drawn + shift[group])
        return targets

    def diagnostics(self) -> dict[str, float]:
        levels = {
            f"quantile_{number}": value for number, value in enumerate(self.quantiles.tolist(), 1)
        }
        return {**super().diagnostics(), **levels}


def _at(ordered: Tensor, shares: Tensor) -> Tensor:
    """Return the quantiles of the sorted values at ``shares``."""
    place = (shares * len(ordered)).long().clamp(0, len(ordered) - 1)
    return ordered[place]
