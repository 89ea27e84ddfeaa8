"""Automatic masks: SAM prompted with a grid of points, and the good, distinct answers kept.

The same masks as segment_anything's SamAutomaticMaskGenerator in a fraction of its time: masks are
made only of prompts whose predicted IoU is good enough, and only where the image is; the part that
all prompts share is computed once (decode.py); no more prompts at a time than stay in a processor's
cache (encode.py). Bad masks are dropped step by step. Stability and boxes are measured at full
resolution, since logits of low resolution only give bounds on them.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from twinband.core.errors import InputError
from twinband.sam.build import ResizeLongestSide, Sam
from twinband.sam.candidates import Candidates, as_array, boxes_of, cleaned, joined, no_candidates
from twinband.sam.decode import Placement, PointDecoder, full_resolution, low_resolution
from twinband.sam.encode import at_once, embed
from twinband.sam.rle import area, encode
from twinband.sam.settings import MaskSettings

EDGE_PX = 20  # a mask that ends this close to the edge of a crop may go on behind it


class CropBox(NamedTuple):
    """A part of an image, in pixels; ``right`` and ``bottom`` lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


class Grid(NamedTuple):
    """A crop and the points in it, ``n,2`` x and y in pixels of the crop, fp64."""

    crop: CropBox
    points: NDArray[np.float64]


def grids(width: int, height: int, settings: MaskSettings) -> Iterator[Grid]:
    """Lay grids over the whole image, then over the crops of every layer, column by column."""
    yield _grid(CropBox(0, 0, width, height), settings.points_in(0))
    for layer in range(1, settings.crop_n_layers + 1):
        side = 2**layer
        overlap = int(settings.crop_overlap_ratio * min(width, height) * (2 / side))
        columns = list(_intervals(width, side, overlap))
        rows = list(_intervals(height, side, overlap))
        for left, right in columns:
            for top, bottom in rows:
                yield _grid(CropBox(left, top, right, bottom), settings.points_in(layer))


def _intervals(length: int, number: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Divide ``length`` into ``number`` intervals of equal length, the last one shorter if need
    be."""
    size = math.ceil((overlap * (number - 1) + length) / number)
    for index in range(number):
        begin = index * (size - overlap)
        yield begin, min(begin + size, length)


def _grid(crop: CropBox, side: int) -> Grid:
    """Place points at the centres of ``side`` by ``side`` equal fields, row by row."""
    margin = 1 / (2 * side)
    centres = np.linspace(margin, 1 - margin, side)
    across, down = np.meshgrid(centres, centres)
    points = np.stack([across.ravel(), down.ravel()], 1)
    return Grid(crop, points * (crop.width, crop.height))


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
    """The search for masks in one crop.

    Args:
        image: ``H,W,3`` uint8 RGB, the whole image.
    """

    def __init__(
        self, model: Sam, settings: MaskSettings, image: NDArray[np.uint8], crop: CropBox
    ) -> None:
        self._model, self._settings, self._crop = model, settings, crop
        self._height, self._width = image.shape[:2]
        part = image[crop.top : crop.bottom, crop.left : crop.right]
        self._resize = ResizeLongestSide(model.image_encoder.img_size)
        resized = self._resize.apply_image(part)
        self._placement = Placement(resized.shape[:2], part.shape[:2])
        pixels = torch.as_tensor(resized, device=model.device).permute(2, 0, 1)
        self._decode = PointDecoder(model, embed(model, pixels))

    def masks_at(self, points: NDArray[np.float64]) -> Candidates:
        """Find the good masks of prompts at ``points`` (``n,2``, x and y in pixels of the crop)."""
        parts = [no_candidates()]
        for batch in self._batches(points):
            promising = self._promising(batch)
            parts += [self._measured(part) for part in self._parts(promising)]
        candidates = joined(parts)
        return candidates.without_overlaps(candidates.predicted_iou, self._settings.box_nms_thresh)

    def _batches(self, points: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        """Split the points into batches that are decoded together."""
        height, width = self._model.prompt_encoder.image_embedding_size
        item_bytes = height * width * self._model.prompt_encoder.embed_dim * 4
        size = min(at_once(item_bytes, self._model.device), self._settings.points_per_batch)
        return (points[begin : begin + size] for begin in range(0, len(points), size))

    def _promising(self, points: NDArray[np.float64]) -> Promising:
        """Decode prompts and keep the masks whose predicted IoU is good enough."""
        placed = self._resize.apply_coords(points, self._placement.original)
        prompted = self._decode(torch.as_tensor(placed, device=self._model.device))
        predicted_iou, least = prompted.predicted_iou, self._settings.pred_iou_thresh
        good = predicted_iou > (least if least > 0 else -torch.inf)
        logits = low_resolution(self._model, self._placement, prompted, good)
        prompts = good.nonzero()[:, 0].cpu().numpy()
        return Promising(logits, predicted_iou[good], points[prompts])

    def _parts(self, promising: Promising) -> Iterator[Promising]:
        """Split the masks into batches that are enlarged together."""
        height, width = np.maximum(self._placement.inside, self._placement.original).tolist()
        size = at_once(height * width * 4, self._model.device)
        for begin in range(0, len(promising.points), size):
            part = slice(begin, begin + size)
            yield Promising(
                promising.logits[part], promising.predicted_iou[part], promising.points[part]
            )

    def _measured(self, promising: Promising) -> Candidates:
        """Keep the masks that are stable and not cut off by the crop."""
        settings, threshold = self._settings, self._model.mask_threshold
        logits = full_resolution(self._model, self._placement, promising.logits)
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
        """Pad masks ``n,h,w`` of the crop to masks ``n,H,W`` of the whole image."""
        crop = self._crop
        right, below = self._width - crop.right, self._height - crop.bottom
        return functional.pad(masks, (crop.left, right, crop.top, below))

    def _cut_off(self, boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which boxes (``n,4``) end near an edge of the crop that is no edge of the image."""
        near_crop = abs(boxes - self._crop) <= EDGE_PX
        near_image = abs(boxes - (0, 0, self._width, self._height)) <= EDGE_PX
        return np.any(near_crop & ~near_image, axis=1)


class AutomaticMasks:
    """A generator of masks.

    Args:
        model: a SAM, on the device that is to do the work.
        settings: which masks to keep.
    """

    def __init__(self, model: Sam, settings: MaskSettings | None = None) -> None:
        self._model = model
        self._settings = settings or MaskSettings()

    @torch.inference_mode()
    def generate(self, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """Generate the masks of one image, largest area first.

        Of equal areas the one whose box is higher comes first, then further left, then smaller.

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
        crops = list(grids(width, height, self._settings))
        masks = joined(
            CropSearch(self._model, self._settings, image, grid.crop).masks_at(grid.points)
            for grid in crops
        )
        if len(crops) > 1:
            sides = masks.crops[:, 2:] - masks.crops[:, :2]
            smaller_first = 1 / sides.prod(1).astype(np.float32)
            masks = masks.without_overlaps(smaller_first, self._settings.crop_nms_thresh)
        if self._settings.min_mask_region_area:
            threshold = max(self._settings.box_nms_thresh, self._settings.crop_nms_thresh)
            masks = cleaned(masks, self._settings.min_mask_region_area, threshold)
        return _largest_first(masks, self._settings.max_masks).as_dicts()


def _largest_first(masks: Candidates, most: int | None) -> Candidates:
    areas = np.array([area(rle) for rle in masks.rles], np.int64)
    left, top, right, bottom = masks.boxes.T
    return masks.take(np.lexsort((bottom, right, left, top, -areas))[:most])
