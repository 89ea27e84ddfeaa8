"""Parameters of the stage ``sam_masks``."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from twinband.core.params import Params, StageParams
from twinband.sam.generate import MaskSettings
from twinband.weights import WeightsSource

AtLeastZero = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class SamSettings(Params):
    """Which masks are looked for and kept: the fields of ``MaskSettings``, but for the number of
    points at once, which is a matter of speed."""

    points_per_side: AtLeastOne
    pred_iou_thresh: float
    stability_score_thresh: float
    stability_score_offset: float
    box_nms_thresh: Share
    crop_n_layers: AtLeastZero
    crop_nms_thresh: Share
    crop_overlap_ratio: Share
    crop_n_points_downscale_factor: AtLeastOne
    min_mask_region_area: AtLeastZero
    max_masks: AtLeastOne

    def mask_settings(self) -> MaskSettings:
        """What ``AutomaticMasks`` takes.

        Raises:
            ValueError: they make no sense together.
        """
        return MaskSettings(**self.model_dump())

    @model_validator(mode="after")
    def _sensible(self) -> "SamSettings":
        self.mask_settings()
        return self


class MaskScoring(Params):
    """What masks are scored against, where a dataset has a truth.

    Attributes:
        least_px: objects of so many pixels and more count.
    """

    least_px: AtLeastOne


class SamMasksCommon(Params):
    """What holds for every dataset.

    Attributes:
        weights: of the SAM.
        device: on which it works.
        threads: of PyTorch, in each worker.
        settings: which masks.
        scores: how they are scored.
    """

    weights: WeightsSource
    device: Literal["cpu", "cuda"]
    threads: AtLeastOne
    settings: SamSettings
    scores: MaskScoring


class SamMasksDataset(Params):
    """One dataset.

    Attributes:
        truth: folder with ``instances/NAME.png`` (16 bit, 0 for none) on the grid of the RGB
            image, to score against; ``data/truth/none`` if there is none.
    """

    truth: str


class SamMasksParams(StageParams):
    """The ``sam_masks`` section."""

    axis: ClassVar[str | None] = "datasets"
    common: SamMasksCommon
    datasets: dict[str, SamMasksDataset]
