"""The good masks of one crop of an image.

A mask is made only if its predicted IoU is good enough, and then in steps from which the bad
ones are dropped. Stability and boxes are measured at full resolution: what logits of low
resolution tell of them are only bounds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from twinband.annotators.rle import encode
from twinband.annotators.sam._package import ResizeLongestSide, Sam
from twinband.annotators.sam.candidates import (
    Candidates,
    as_array,
    boxes_of,
    joined,
    none_found,
)
from twinband.annotators.sam.decode import PointDecoder
from twinband.annotators.sam.encode import embed
from twinband.annotators.sam.grids import Crop
from twinband.annotators.sam.memory import at_once
from twinband.annotators.sam.settings import MaskSettings
from twinband.annotators.sam.upscale import Frame, full_resolution, low_resolution

EDGE_PX = 20  # a mask that ends this close to the edge of a crop may go on behind it


class Promising(NamedTuple):
    """n masks whose predicted IoU is good enough.

    Attributes:
        logits: ``n,h,w``, at low resolution.
        predicted_iou: ``n``.
        points: ``n,2``, the prompts, x and y in pixels of the crop.
    """

    logits: Tensor
    predicted_iou: Tensor
    points: NDArray[np.float64]


class CropSearch:
    """SAM with its eyes on one crop.

    Args:
        image: ``H,W,3`` uint8 RGB, the whole.
    """

    def __init__(
        self, model: Sam, settings: MaskSettings, image: NDArray[np.uint8], crop: Crop
    ) -> None:
        self._model, self._settings, self._crop = model, settings, crop
        self._height, self._width = image.shape[:2]
        part = image[crop.top : crop.bottom, crop.left : crop.right]
        self._resize = ResizeLongestSide(model.image_encoder.img_size)
        resized = self._resize.apply_image(part)
        self._frame = Frame(resized.shape[:2], part.shape[:2])
        pixels = torch.as_tensor(resized, device=model.device).permute(2, 0, 1)
        self._decode = PointDecoder(model, embed(model, pixels))

    def masks_at(self, points: NDArray[np.float64]) -> Candidates:
        """What prompts at ``points`` (``n,2``, x and y in pixels of the crop) find."""
        found = [none_found()]
        for group in self._groups(points):
            promising = self._promising(group)
            found += [self._measured(some) for some in self._parts(promising)]
        every = joined(found)
        return every.without_overlaps(every.predicted_iou, self._settings.box_nms_thresh)

    def _groups(self, points: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """As many points at a time as are decoded together."""
        height, width = self._model.prompt_encoder.image_embedding_size
        item_bytes = height * width * self._model.prompt_encoder.embed_dim * 4
        size = min(at_once(item_bytes, self._model.device), self._settings.points_per_batch)
        return (points[begin : begin + size] for begin in range(0, len(points), size))

    def _promising(self, points: NDArray[np.float64]) -> Promising:
        placed = self._resize.apply_coords(points, self._frame.original)
        prompted = self._decode(torch.as_tensor(placed, device=self._model.device))
        predicted_iou, least = prompted.predicted_iou, self._settings.pred_iou_thresh
        good = predicted_iou > (least if least > 0 else -torch.inf)
        logits = low_resolution(self._model, self._frame, prompted, good)
        asked = good.nonzero()[:, 0].cpu().numpy()
        return Promising(logits, predicted_iou[good], points[asked])

    def _parts(self, promising: Promising) -> Iterator[Promising]:
        """As many masks at a time as are enlarged together."""
        height, width = np.maximum(self._frame.inside, self._frame.original).tolist()
        size = at_once(height * width * 4, self._model.device)
        for begin in range(0, len(promising.points), size):
            some = slice(begin, begin + size)
            yield Promising(
                promising.logits[some], promising.predicted_iou[some], promising.points[some]
            )

    def _measured(self, promising: Promising) -> Candidates:
        """Those that are stable and not cut off by the crop."""
        settings, threshold = self._settings, self._model.mask_threshold
        logits = full_resolution(self._model, self._frame, promising.logits)
        offset = settings.stability_score_offset
        certain, possible = (
            (logits > threshold + shift).flatten(1).sum(1) for shift in (offset, -offset)
        )
        stability = certain / possible
        least = settings.stability_score_thresh
        stable = stability >= least if least > 0 else torch.ones_like(stability, dtype=torch.bool)
        rles = encode(self._in_the_image((logits > threshold)[stable]))
        rows = stable.cpu().numpy()
        measured = Candidates(
            as_array(rles),
            boxes_of(rles),
            promising.predicted_iou.cpu().numpy()[rows],
            stability.cpu().numpy()[rows],
            promising.points[rows] + (self._crop.left, self._crop.top),
            np.tile(np.array(self._crop, np.int64), (len(rles), 1)),
        )
        return measured.take(~self._cut_off(measured.boxes))

    def _in_the_image(self, masks: Tensor) -> Tensor:
        """Masks ``n,h,w`` of the crop as masks ``n,H,W`` of the whole image."""
        crop = self._crop
        right, below = self._width - crop.right, self._height - crop.bottom
        return functional.pad(masks, (crop.left, right, crop.top, below))

    def _cut_off(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which boxes (``n,4``) end near an edge of the crop that is none of the image."""
        near_crop = abs(boxes - self._crop) <= EDGE_PX
        near_image = abs(boxes - (0, 0, self._width, self._height)) <= EDGE_PX
        return np.any(near_crop & ~near_image, axis=1)
