"""Settings of automatic masks, under segment_anything's names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """Which masks are looked for and kept; names and defaults are segment_anything's.

    Attributes:
        points_per_side: side of the grid of point prompts over the whole image.
        points_per_batch: most prompts the decoder sees at once; fewer where they would not
            stay in the processor's cache.
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

    Raises:
        ValueError: a setting makes no sense; names it.
    """

    points_per_side: int = 32
    points_per_batch: int = 64
    pred_iou_thresh: float = 0.88
    stability_score_thresh: float = 0.95
    stability_score_offset: float = 1.0
    box_nms_thresh: float = 0.7
    crop_n_layers: int = 0
    crop_nms_thresh: float = 0.7
    crop_overlap_ratio: float = 512 / 1500
    crop_n_points_downscale_factor: int = 1
    min_mask_region_area: int = 0
    max_masks: int | None = None

    def __post_init__(self) -> None:
        for name in ("points_per_side", "points_per_batch", "crop_n_points_downscale_factor"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be at least 1")
        if self.crop_n_layers < 0:
            raise ValueError(f"crop_n_layers is {self.crop_n_layers}, and must be at least 0")
        if self.max_masks is not None and self.max_masks < 1:
            raise ValueError(f"max_masks is {self.max_masks}, and must be at least 1, or None")
        if self.points_in(self.crop_n_layers) < 1:
            raise ValueError(
                f"points_per_side {self.points_per_side} divided {self.crop_n_layers} times by"
                f" crop_n_points_downscale_factor {self.crop_n_points_downscale_factor} leaves"
                " no point in a crop"
            )

    def points_in(self, layer: int) -> int:
        """Points a side of the grid over every crop of ``layer``; 0 is the whole image."""
        return int(self.points_per_side / self.crop_n_points_downscale_factor**layer)
