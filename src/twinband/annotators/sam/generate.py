"""Automatic masks: SAM asked at a grid of points, and the good and different answers kept.

What segment_anything's SamAutomaticMaskGenerator finds, in a fraction of its time: masks are
made only of prompts whose predicted IoU is good enough, and only where the image is (search.py);
what all prompts share is computed once (attention.py); and no more prompts at a time than stay
in a processor's cache (memory.py).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.annotators.rle import area
from twinband.annotators.sam._package import Sam
from twinband.annotators.sam.candidates import Candidates, joined
from twinband.annotators.sam.grids import grids
from twinband.annotators.sam.regions import cleaned
from twinband.annotators.sam.search import CropSearch
from twinband.annotators.sam.settings import MaskSettings
from twinband.errors import InputError


class AutomaticMasks:
    """Finds masks in images.

    Args:
        model: a SAM, on the device that is to do the work.
        settings: which masks are wanted.
    """

    def __init__(self, model: Sam, settings: MaskSettings | None = None) -> None:
        self._model = model
        self._settings = settings or MaskSettings()

    @torch.inference_mode()
    def generate(self, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """The masks of one image, largest area first; of equal areas that whose box is higher,
        then further left, then smaller.

        Args:
            image: ``H,W,3`` uint8 RGB; of a thermal image three equal channels.

        Returns:
            One dict a mask, with segment_anything's keys: ``area`` (pixels), ``bbox`` (left,
            top, and the distances from there to the last column and row), ``predicted_iou``,
            ``point_coords`` (the prompt's one x and y), ``stability_score``, ``crop_box`` (left,
            top, width, height); and ``rle``, the mask itself as in rle.py.

        Raises:
            InputError: ``image`` is something else.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise InputError(
                f"masks are made of H,W,3 uint8 RGB, not of {image.dtype} of shape {image.shape};"
                " repeat the one channel of a thermal image three times"
            )
        height, width = image.shape[:2]
        every = list(grids(width, height, self._settings))
        found = joined(
            CropSearch(self._model, self._settings, image, grid.crop).masks_at(grid.points)
            for grid in every
        )
        if len(every) > 1:
            sides = found.crops[:, 2:] - found.crops[:, :2]
            smaller_first = 1 / sides.prod(1).astype(np.float32)
            found = found.without_overlaps(smaller_first, self._settings.crop_nms_thresh)
        if self._settings.min_mask_region_area:
            threshold = max(self._settings.box_nms_thresh, self._settings.crop_nms_thresh)
            found = cleaned(found, self._settings.min_mask_region_area, threshold)
        return _largest_first(found, self._settings.max_masks).as_dicts()


def _largest_first(found: Candidates, most: int | None) -> Candidates:
    areas = np.array([area(rle) for rle in found.rles], np.int64)
    left, top, right, bottom = found.boxes.T
    return found.take(np.lexsort((bottom, right, left, top, -areas))[:most])
