"""Masking by CMSS: a curriculum gives target values, the patches nearest to them are visible."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from twinband.masking.curriculum import Curriculum, Pace
from twinband.masking.draws import nearest_without_replacement
from twinband.masking.measure import Modality, Norm, RunningMaximum, Variance, cmss
from twinband.networks.sampler import Sampler, Visible


class Request(NamedTuple):
    """Number of targets an image, and the bias added to their centres."""

    columns: int
    bias: Tensor


class TargetedSampler(Sampler):
    """Base of the strategies by CMSS, which differ in the source of their target values.

    In training mode every call updates the state with its batch, and all ranks must call; in
    evaluation mode the state stays as it is and ranks do not wait for each other.

    Args:
        patches: L, patches an image.
        mask_ratio: masked share of either modality at the start.
        mask_ratio_max: masked share that the modality with the smaller loss may reach.
        first_modality: modality that chooses its patches first.
        disjoint: no position is visible in both modalities.
        variance: see ``masking.measure.cmss``; its first modality is ``first_modality``.
        norm: see ``masking.measure.cmss``.
        curriculum: see ``Curriculum``.
        ticks: see ``Curriculum``.
        components: components of the mixture, or groups of quantiles.
        loss_momentum: see ``Curriculum``.
        seed: seed of the random numbers, the same on every rank.
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
        """Return the ``[K]`` CMSS values that the centres move to."""

    @abstractmethod
    def targets(
        self, values: Tensor, requests: Sequence[Request], generator: torch.Generator
    ) -> list[Tensor]:
        """Draw target CMSS values ``[B,columns]`` for each request.

        In training mode the state is first updated with the batch's CMSS, ``values`` ``[B,L]``.
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
        """Choose the patches; indices are in the order of their targets."""
        self.check(rgb_tokens)
        values = cmss(
            rgb_tokens,
            thermal_tokens,
            variance=self.variance,
            first=self.first_modality,
            norm=self.norm,
            state=self.running_maximum,
            synchronised=self.training,
        )
        bias = self.curriculum.centre_bias
        count_first, count_second = self.curriculum.kept
        requests = (Request(count_first, bias), Request(count_second, -bias))
        targets_first, targets_second = self.targets(
            values, requests, self.generator(values.device)
        )
        first = nearest_without_replacement(values, targets_first)
        taken = first if self.disjoint else None
        second = nearest_without_replacement(values, targets_second, taken)
        if self.first_modality == "thermal":
            return Visible(rgb=second, thermal=first, cmss=values)
        return Visible(rgb=first, thermal=second, cmss=values)

    def diagnostics(self) -> dict[str, float]:
        kept_thermal, kept_rgb = (float(count) for count in self.curriculum.kept)
        loss_thermal, loss_rgb = self.curriculum.losses.tolist()
        if self.first_modality == "rgb":
            kept_thermal, kept_rgb = kept_rgb, kept_thermal
            loss_thermal, loss_rgb = loss_rgb, loss_thermal
        return {
            "kept_rgb": kept_rgb,
            "kept_thermal": kept_thermal,
            "loss_rgb": loss_rgb,
            "loss_thermal": loss_thermal,
            **self.curriculum.diagnostics(self.levels()),
        }
