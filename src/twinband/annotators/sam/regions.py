"""Small holes and islands of masks."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.annotators.rle import decode, encode
from twinband.annotators.sam.candidates import Candidates, as_array, boxes_of

Mask = NDArray[np.bool_]


def cleaned(found: Candidates, min_area: int, iou_threshold: float) -> Candidates:
    """``found`` with holes under ``min_area`` pixels filled and islands under it removed.

    Of masks whose boxes are alike since then, one without small regions is preferred.
    """
    rles, untouched = [], []
    for rle in found.rles:
        filled, had_holes = without_holes(decode(rle), min_area)
        clean, had_islands = without_islands(filled, min_area)
        untouched.append(not had_holes and not had_islands)
        rles.append(rle if untouched[-1] else encode(clean[None])[0])
    clean_ones = dataclasses.replace(found, rles=as_array(rles), boxes=boxes_of(rles))
    return clean_ones.without_overlaps(np.array(untouched, np.float32), iou_threshold)


def without_holes(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    """``mask`` with regions that it leaves out filled if they are smaller than ``min_area``, and
    whether there are any."""
    labels, areas = _regions(~mask)
    small = areas < min_area
    return mask | np.append(False, small)[labels], bool(small.any())


def without_islands(mask: Mask, min_area: int) -> tuple[Mask, bool]:
    """``mask`` without regions smaller than ``min_area``, but with its largest one in any case,
    and whether there are any."""
    labels, areas = _regions(mask)
    small = areas < min_area
    stays = ~small
    if not stays.any() and stays.size:
        stays[areas.argmax()] = True
    return np.append(False, stays)[labels], bool(small.any())


def _regions(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The number of the region of every pixel, 0 for none, and areas from region 1 on; pixels
    that touch by a corner belong together."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    return labels, statistics[1:, cv2.CC_STAT_AREA]
