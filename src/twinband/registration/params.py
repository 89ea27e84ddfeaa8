"""Parameters of the stage ``register``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, Scalar
from twinband.core.thermal import ThermalLevels

Modality = Literal["rgb", "thermal"]
FailurePolicy = Literal["keep_identity", "use_rig", "single_modality", "drop"]


class RegisterParams(ItemParams):
    """One dataset. In order of trust: ``homographies``, ``aligned``, one transform for a whole rig
    or sequence, one for each pair.

    Attributes:
        homographies: CSV of supplied transforms, thermal pixel to RGB pixel, by name of a pair,
            of a sequence, or ``*``; ``data/homographies/none.csv`` if there are none. One that
            fits far worse than none, its inverse or its transpose is a failure.
        aligned: the dataset's authors aligned it: nothing is moved, only the quality is told.
        rig: pairs that share one transform: those of the whole ``dataset``, of a ``sequence``,
            or none (``pair``).
        backend: module of ``twinband.backends`` that estimates.
        options: the backend's own options.
        grid: the modality whose pixels both images and all labels get.
        labels_on: the modality that labels were drawn on, unless their size or name says it.
        on_failure: policy for a pair without a transform to trust: ``keep_identity``,
            ``use_rig`` (the best accepted transform of its sequence, else identity),
            ``single_modality`` (its thermal image counts as absent: no pair to pretrain on), or
            ``drop`` (never trained on, still evaluated).
        shift_tolerance_working_px: misalignment that is normal after registration, in pixels of
            a grid reduced to 640 px (a smaller one counts as it is); written to every sample, in
            pixels of its own grid, for the jitter of training.
        truth: CSV of true transforms to score against, as ``homographies``.
        thermal_levels: counts that become black and white wherever thermal is looked at, by
            networks and by people; stored thermal stays as it was measured.
        pooled_pairs: number of pairs, spread evenly over a rig or sequence, that its estimate is
            made from; with fewer of them every pair is estimated by itself.
    """

    homographies: ProjectPath
    aligned: bool
    rig: Literal["dataset", "sequence", "pair"]
    backend: Name
    options: dict[str, Scalar] = Field(default_factory=dict)
    grid: Modality
    labels_on: Modality
    on_failure: FailurePolicy
    shift_tolerance_working_px: Annotated[float, Field(ge=0)]
    truth: ProjectPath
    thermal_levels: ThermalLevels
    pooled_pairs: Annotated[int, Field(ge=2)]

    @model_validator(mode="before")
    @classmethod
    def _names_of_today(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "shift_tolerance_px" in values:
            raise ValueError(
                "shift_tolerance_px is called shift_tolerance_working_px now, in pixels of images "
                "reduced to 640 px (those of smaller images stay what they were)"
            )
        return values
