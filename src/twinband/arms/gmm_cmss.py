"""M-SpecGene's masking: targets from a scheduled mixture, fitted online to the batches' CMSS."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from twinband.masking.draws import Scope, draw_targets
from twinband.masking.online import OnlineMixture
from twinband.masking.published import PublishedCurriculum, PublishedMixture
from twinband.masking.targeted import Request, TargetedSampler

Parity = Literal["reference"]

PUBLISHED: dict[str, Any] = {
    "variance": "first_squared",
    "norm": "batch_max",
    "disjoint": True,
    "mixture_scope": "image_contiguous",
    "initial": "uniform",
    "momentum": 0.0,
    "loss_momentum": 0.0,
    "curriculum": "linear",
    "ticks": 100,
    "mask_ratio_max": 0.95,
}


class Arm(TargetedSampler):
    """Visible patches are those nearest to values drawn from a mixture.

    Args:
        patches: L, patches an image.
        parity: ``reference``: the published code's choices, step by step: see
            ``masking.published`` and ``PUBLISHED``, whose options it sets. On one rank; where the
            published code has one mixture a rank, here it is that of all.
        options: ``mixture_scope``: every target draws its component (``patch``, the default), or a
            batch is filled component by component (``image_contiguous``, as the published code
            does); ``initial`` and ``momentum``: see ``OnlineMixture``; and arguments of
            ``TargetedSampler``.

    Raises:
        ValueError: an option out of its range, or one that contradicts ``parity``.
    """

    def __init__(self, patches: int, *, parity: Parity | None = None, **options: Any) -> None:
        if parity not in (None, "reference"):
            raise ValueError(f"parity must be reference or left out, not {parity!r}")
        if parity:
            options = as_published(options)
        scope: Scope = options.pop("mixture_scope", "patch")
        if scope not in ("patch", "image_contiguous"):
            raise ValueError(f"mixture_scope must be patch or image_contiguous, not {scope!r}")
        mixture = {name: options.pop(name) for name in ("initial", "momentum") if name in options}
        super().__init__(patches, **options)
        self.mixture_scope: Scope = scope
        components = len(self.curriculum.centres)
        if parity:
            self.curriculum = PublishedCurriculum(
                patches,
                self.kept,
                mask_ratio=options.get("mask_ratio", 0.9),
                components=components,
            )
            self.mixture: OnlineMixture = PublishedMixture(components, seed=self.seed)
        else:
            self.mixture = OnlineMixture(components, seed=self.seed, **mixture)

    @staticmethod
    def model_options(*, parity: Parity | None = None, **options: Any) -> dict[str, Any]:
        """Tell which fields of M-SpecGene's configuration ``parity`` wants to have other values."""
        return {"shared_decoder_norm": True, "reference_biases": True} if parity else {}

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


def as_published(options: Mapping[str, Any]) -> dict[str, Any]:
    """Add the published code's options to others.

    Raises:
        ValueError: an option has another value already.
    """
    for name, value in PUBLISHED.items():
        if options.get(name, value) != value:
            raise ValueError(
                f"parity 'reference' means {name} {value!r}, not {options[name]!r}: "
                "leave one of them out"
            )
    return {**options, **PUBLISHED}
