"""Settings of automatic masks, under segment_anything's names and with its defaults."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from twinband.core.params import Params

AtLeastOne = Annotated[int, Field(ge=1)]
AtLeastZero = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class MaskSettings(Params):
    """Settings of the search for masks, and of those that are kept.

    Attributes:
        points_per_side: side of the grid of point prompts over the whole image.
        points_per_batch: most prompts the decoder sees at once, a matter of speed; fewer where
            they would not stay in the processor's cache.
        pred_iou_thresh: masks with a predicted IoU above it are kept; 0 keeps all.
        stability_score_thresh: masks of at least this stability are kept; 0 keeps all.
        stability_score_offset: stability is the IoU of the mask's logits cut off this far
            above and below the model's threshold.
        box_nms_thresh: of two masks of one crop whose boxes have a greater IoU, the one with
            the lower predicted IoU goes.
        crop_n_layers: layers of crops besides the whole image; layer i has ``4 ** i`` of them.
        crop_nms_thresh: as ``box_nms_thresh``, across crops; the mask of the larger crop goes.
        crop_overlap_ratio: overlap of the first layer's crops as a share of the image's
            shorter side; half as much in every further layer.
        crop_n_points_downscale_factor: by what ``points_per_side`` is divided in every layer.
        min_mask_region_area: smaller holes are filled and smaller islands removed, pixels.
        max_masks: most masks of an image, the largest ones; None for all.
    """

    points_per_side: AtLeastOne = 32
    points_per_batch: AtLeastOne = 64
    pred_iou_thresh: float = 0.88
    stability_score_thresh: float = 0.95
    stability_score_offset: float = 1.0
    box_nms_thresh: Share = 0.7
    crop_n_layers: AtLeastZero = 0
    crop_nms_thresh: Share = 0.7
    crop_overlap_ratio: Share = 512 / 1500
    crop_n_points_downscale_factor: AtLeastOne = 1
    min_mask_region_area: AtLeastZero = 0
    max_masks: AtLeastOne | None = None

    @model_validator(mode="after")
    def _points_in_every_crop(self) -> Self:
        if self.points_in(self.crop_n_layers) < 1:
            raise ValueError(
                f"points_per_side {self.points_per_side} divided {self.crop_n_layers} times by"
                f" crop_n_points_downscale_factor {self.crop_n_points_downscale_factor} leaves"
                " no point in a crop"
            )
        return self

    def points_in(self, layer: int) -> int:
        """Points a side of the grid over every crop of ``layer``; 0 is the whole image."""
        return int(self.points_per_side / self.crop_n_points_downscale_factor**layer)
