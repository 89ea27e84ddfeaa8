"""Masking by CMSS: the curriculum says which values to look for, the nearest patches are shown."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from twinband.masking.curriculum import Curriculum, Pace
from twinband.masking.draws import nearest_without_replacement
from twinband.masking.measure import Norm, RunningMaximum, Variance, cmss
from twinband.networks.sampler import Sampler, Visible

Modality = Literal["thermal", "rgb"]


class Wanted(NamedTuple):
    """How many targets an image, and what is added to their centres."""

    columns: int
    bias: Tensor


class TargetedSampler(Sampler):
    """Shared by the strategies that differ in where the target values come from.

    In training mode every call takes its batch into the state, and all ranks must call; in
    evaluation mode the state stays as it is and ranks do not wait for each other.

    Args:
        patches: L, patches an image.
        mask_ratio: hidden share of either modality at the start.
        mask_ratio_max: hidden share that the cheaper modality may reach.
        first_modality: the one that chooses first; the choice depends on the order.
        disjoint: no position is visible in both modalities.
        variance: see ``twinband.cmss.cmss``.
        norm: see ``twinband.cmss.cmss``.
        curriculum: see ``Curriculum``.
        ticks: see ``Curriculum``.
        components: of the mixture; groups of the quantiles.
        loss_momentum: see ``Curriculum``.
        seed: of the random numbers; the same on every rank.
    """

    def __init__(
        self,
        patches: int,
        *,
        mask_ratio: float = 0.9,
        mask_ratio_max: float = 0.95,
        first_modality: Modality = "thermal",
        disjoint: bool = True,
        variance: Variance = "product",
        norm: Norm = "batch_max",
        curriculum: Pace = "linear",
        ticks: int = 100,
        components: int = 3,
        loss_momentum: float = 0.9,
        seed: int = 0,
    ) -> None:
        super().__init__(patches, mask_ratio=mask_ratio, seed=seed)
        if first_modality not in ("thermal", "rgb"):
            raise ValueError(f"first_modality must be thermal or rgb, not {first_modality!r}")
        self.first_modality = first_modality
        self.disjoint = disjoint
        self.variance = variance
        self.norm = norm
        self.running_maximum = RunningMaximum() if norm == "running_max" else None
        self.curriculum = Curriculum(
            patches,
            self.kept,
            mask_ratio=mask_ratio,
            mask_ratio_max=mask_ratio_max,
            pace=curriculum,
            ticks=ticks,
            components=components,
            loss_momentum=loss_momentum,
        )

    @abstractmethod
    def levels(self) -> Tensor:
        """``[K]`` CMSS values that the centres walk to."""

    @abstractmethod
    def targets(
        self, values: Tensor, wanted: Sequence[Wanted], generator: torch.Generator
    ) -> list[Tensor]:
        """``[B,columns]`` CMSS values to look for, for each of ``wanted``.

        In training mode the CMSS ``values`` ``[B,L]`` of the batch are first taken into the state.
        """

    def advance(self, progress: float) -> None:
        super().advance(progress)
        self.curriculum.advance(progress, lambda: self.levels().tolist())

    def observe(self, loss_rgb: Tensor | float, loss_thermal: Tensor | float) -> None:
        thermal_first = self.first_modality == "thermal"
        first, second = (loss_thermal, loss_rgb) if thermal_first else (loss_rgb, loss_thermal)
        self.curriculum.observe(first, second)

    @torch.no_grad()
    def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
        """Indices in the order in which targets found them."""
        self.check(rgb_tokens)
        values = cmss(
            rgb_tokens,
            thermal_tokens,
            variance=self.variance,
            norm=self.norm,
            state=self.running_maximum,
            synchronised=self.training,
        )
        bias = self.curriculum.centre_bias
        many_first, many_second = self.curriculum.kept
        wanted = (Wanted(many_first, bias), Wanted(many_second, -bias))
        for_first, for_second = self.targets(values, wanted, self.generator(values.device))
        first = nearest_without_replacement(values, for_first)
        taken = first if self.disjoint else None
        second = nearest_without_replacement(values, for_second, taken)
        if self.first_modality == "thermal":
            return Visible(rgb=second, thermal=first, cmss=values)
        return Visible(rgb=first, thermal=second, cmss=values)

    def diagnostics(self) -> dict[str, float]:
        first, second = (float(count) for count in self.curriculum.kept)
        one, other = self.curriculum.losses.tolist()
        if self.first_modality == "rgb":
            first, second, one, other = second, first, other, one
        return {
            "kept_rgb": second,
            "kept_thermal": first,
            "loss_rgb": other,
            "loss_thermal": one,
            **self.curriculum.diagnostics(self.levels()),
        }
