"""M-SpecGene's masking: targets from a scheduled mixture, fitted online to the batches' CMSS."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from twinband.masking.draws import Scope, draw_targets
from twinband.masking.online import Initial, OnlineMixture
from twinband.masking.targeted import Request, TargetedSampler


class Arm(TargetedSampler):
    """Visible patches are those nearest to values drawn from a mixture.

    Args:
        patches: L, patches an image.
        mixture_scope: every target draws its component (``patch``), or a batch is filled
            component by component (``image_contiguous``, as the published code does).
        initial: see ``OnlineMixture``.
        momentum: see ``OnlineMixture``.
        common: arguments of ``TargetedSampler``.
    """

    def __init__(
        self,
        patches: int,
        *,
        mixture_scope: Scope = "patch",
        initial: Initial = "uniform",
        momentum: float = 0.0,
        **common: Any,
    ) -> None:
        super().__init__(patches, **common)
        if mixture_scope not in ("patch", "image_contiguous"):
            raise ValueError(
                f"mixture_scope must be patch or image_contiguous, not {mixture_scope!r}"
            )
        self.mixture_scope: Scope = mixture_scope
        self.mixture = OnlineMixture(
            len(self.curriculum.centres), initial=initial, momentum=momentum, seed=self.seed
        )

    def levels(self) -> Tensor:
        return self.mixture.means

    def targets(
        self, values: Tensor, requests: Sequence[Request], generator: torch.Generator
    ) -> list[Tensor]:
        mixture = self.mixture
        if self.training:
            mixture(values)
        centres = self.curriculum.present_centres(mixture.means)
        return [
            draw_targets(
                mixture.means,
                mixture.variances,
                mixture.weights,
                centres,
                rows=len(values),
                columns=columns,
                length=self.patches,
                generator=generator,
                bias=bias,
                scope=self.mixture_scope,
            )
            for columns, bias in requests
        ]

    def diagnostics(self) -> dict[str, float]:
        order = self.mixture.means.argsort(stable=True)
        components = {}
        for name in ("means", "variances", "weights"):
            ordered = getattr(self.mixture, name)[order].tolist()
            for number, value in enumerate(ordered, 1):
                components[f"mixture_{name.removesuffix('s')}_{number}"] = value
        return {**super().diagnostics(), **components}
