"""Choice of the parts of a pair that SAGE's teacher sees by themselves, its semantic patches.

Shapes: K masks, h and w pixels of a crop.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 1 and 8).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.masks.read import MaskReader, Pairing

Masks = NDArray[np.bool_]
Origin = Literal["sam", "random", "labels"]
LEAST_SHARE, MOST_SHARE = 0.05, 0.4  # of a crop that a random rectangle covers


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a registered pair.

    Attributes:
        key: of the pair.
        top, left, height, width: in pixels.
        semantics: label ids ``h,w`` of the part, 0 for background; None without labels.
    """

    key: str
    top: int
    left: int
    height: int
    width: int
    semantics: NDArray[Any] | None

    def with_semantics(self, semantics: NDArray[Any]) -> "Crop":
        """Return a copy with labels."""
        return replace(self, semantics=semantics)


Choice = Callable[[Crop, np.random.Generator], tuple[Masks, Masks]]


def choice_of(origin: Origin, masks: MaskReader | None, count: int, pairing: Pairing) -> Choice:
    """Return what chooses masks ``K,h,w`` of a crop, for the visible and the infrared image;
    ``count`` or fewer. It can be sent to other processes.

    Args:
        origin: ``sam``, masks of the product ``masks``; for comparison ``random``, rectangles, and
            ``labels``, the regions of the dataset's own labels.
        pairing: which of SAM's masks belong together, see ``MaskReader.paired_masks``.

    Raises:
        ValueError: ``sam`` without a product of masks.
    """
    if origin == "random":
        return partial(_rectangles, count=count)
    if origin == "labels":
        return partial(_regions, count=count)
    if masks is None:
        raise ValueError("patches of origin sam need a product of masks")
    return partial(_from_sam, reader=masks, count=count, pairing=pairing)


def filled_up(masks: Masks, count: int, size: tuple[int, int]) -> Masks:
    """Add masks of everything until there are ``count``, as SAGE adds copies of the image."""
    whole = np.ones((count - len(masks), *size), np.bool_)
    return np.concatenate([masks, whole])


def _from_sam(
    crop: Crop, random: np.random.Generator, reader: MaskReader, count: int, pairing: Pairing
) -> tuple[Masks, Masks]:
    part = crop.top, crop.left, crop.height, crop.width
    return reader.paired_masks(crop.key, count, pairing, part)


def _rectangles(crop: Crop, random: np.random.Generator, count: int) -> tuple[Masks, Masks]:
    """Draw rectangles, the same for both images."""
    masks = np.zeros((count, crop.height, crop.width), np.bool_)
    for mask in masks:
        share, ratio = random.uniform(LEAST_SHARE, MOST_SHARE), random.uniform(0.5, 2)
        height = min(crop.height, max(1, round((share * ratio) ** 0.5 * crop.height)))
        width = min(crop.width, max(1, round((share / ratio) ** 0.5 * crop.width)))
        top = random.integers(crop.height - height + 1)
        left = random.integers(crop.width - width + 1)
        mask[top : top + height, left : left + width] = True
    return masks, masks


def _regions(crop: Crop, random: np.random.Generator, count: int) -> tuple[Masks, Masks]:
    """Find the largest connected regions of one label each, the same for both images."""
    labels = np.zeros(0) if crop.semantics is None else crop.semantics
    regions = []
    for label in np.unique(labels[labels > 0]):
        number, parts = cv2.connectedComponents((labels == label).astype(np.uint8))
        regions += [parts == part for part in range(1, number)]
    regions.sort(key=lambda region: -int(region.sum()))
    shape = (len(regions[:count]), crop.height, crop.width)
    masks = np.asarray(regions[:count], np.bool_).reshape(shape)
    return masks, masks
