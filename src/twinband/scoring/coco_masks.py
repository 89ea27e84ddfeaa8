"""COCO's masks in files: polygons, runs as lists, runs as text.

They are checked before pycocotools sees them: runs that do not fill the image make its compiled
code read beyond them, or never end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from twinband.core.errors import InputError

FORM = "{size: [height, width], counts: …} (RLE)"
FARTHEST_PX = 2**16  # pycocotools walks along every edge, pixel by pixel
LEAST_NUMBERS = 6  # of a polygon, x and y of three points


def check_truth_mask(place: str, mask: Any, image: Mapping[str, Any]) -> None:
    """Refuse what is neither polygons nor runs that fill the image.

    Raises:
        InputError: with ``place``, which names the file and the annotation.
    """
    if not isinstance(mask, list):
        checked_runs(place, mask, image)
        return
    _size(place, image)
    if not mask or not all(isinstance(p, list) and len(p) >= LEAST_NUMBERS for p in mask):
        raise InputError(f"{place}: polygons have three points or more, [[x, y, x, y, x, y, …], …]")
    for value in (value for polygon in mask for value in polygon):
        if not isinstance(value, int | float) or not abs(value) <= FARTHEST_PX:
            raise InputError(f"{place}: {value!r} in a polygon is no pixel's number")


def checked_runs(place: str, mask: Any, image: Mapping[str, Any]) -> dict[str, Any]:
    """Check runs, and return them as text, as pycocotools wants those of detections.

    Raises:
        InputError: no runs, or not those of an image of this size.
    """
    if not isinstance(mask, dict) or not {"size", "counts"} <= mask.keys():
        raise InputError(f"{place}: a mask is {FORM}")
    height, width = _size(place, image)
    if mask["size"] != [height, width]:
        raise InputError(
            f"{place}: a mask of {mask['size']} for an image of {[height, width]} (height, width)"
        )
    counts = mask["counts"]
    runs = run_lengths(counts) if isinstance(counts, str) else _listed(counts)
    if runs is None or (runs < 0).any() or runs.sum() != height * width:
        raise InputError(f"{place}: its runs do not fill {height} x {width} pixels")
    if isinstance(counts, str):
        return mask
    encoded: dict[str, Any] = coco_mask.frPyObjects(mask, height, width)
    return encoded


def run_lengths(text: str) -> NDArray[np.int64] | None:
    """Read the lengths of runs from COCO's text; None if it is none.

    A number is written in groups of five bits, the lowest first, a sixth bit saying that more
    follow; from the fourth number on it is the difference to the last but one.
    """
    codes = np.frombuffer(text.encode("utf-8"), np.uint8).astype(np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        return None
    ends = np.flatnonzero(codes & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    groups = ends - starts + 1
    if groups.max() > 6:  # beyond 30 bits
        return None
    places = np.arange(len(codes)) - np.repeat(starts, groups)
    values = np.add.reduceat((codes & 31) << (5 * places), starts)
    values = values - np.where(codes[ends] & 16, 1 << (5 * groups), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def _listed(counts: Any) -> NDArray[np.int64] | None:
    if not isinstance(counts, Sequence) or not all(isinstance(run, int) for run in counts):
        return None
    return np.array(counts, np.int64) if all(abs(run) < 2**32 for run in counts) else None


def _size(place: str, image: Mapping[str, Any]) -> tuple[int, int]:
    height: Any = image.get("height")
    width: Any = image.get("width")
    if not all(isinstance(side, int) and 0 < side <= FARTHEST_PX for side in (height, width)):
        raise InputError(f"{place}: its image has no height and width in pixels, which masks need")
    return height, width
