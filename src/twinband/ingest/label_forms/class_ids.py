"""Ids as label images store them, and the classes that they mean in a benchmark."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.boxes import Size

IGNORED = 255
MOST_STRETCH = 1.1
# The 19 classes on which street scenes are compared, in the order of their ids.
STREET_CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
# Ids of Cityscapes' 34 labels in the order of those classes; the others are ignored.
_COUNTED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
_LABEL_IDS = range(34)
LABEL_ID_TO_TRAIN_ID: Mapping[int, int] = {
    **dict.fromkeys([*_LABEL_IDS, IGNORED], IGNORED),
    **{label: train for train, label in enumerate(_COUNTED)},
}
# Of NYUv2's 40 classes 0 is none.
NYU40_TO_CLASS: Mapping[int, int] = {0: IGNORED, **{number: number - 1 for number in range(1, 41)}}


def classes_of_ids(
    pixels: NDArray[Any], meanings: Mapping[int, int], path: str
) -> NDArray[np.uint8]:
    """Look up the classes of ``H,W`` stored ids.

    Raises:
        BadSample: ``odd_label_id`` for an id that means nothing.
    """
    used = [int(value) for value in np.unique(pixels)]
    if odd := [value for value in used if value not in meanings]:
        raise BadSample("odd_label_id", f"{path}: unknown ids {odd[:8]}")
    table = np.zeros(max(used) + 1, np.uint8)
    table[used] = [meanings[value] for value in used]
    return table[pixels]


def alike(size: Size, other: Size) -> bool:
    """Tell if one size may be the other enlarged: if their aspect ratios are about equal."""
    ratio = size[0] / size[1] * other[1] / other[0]
    return 1 / MOST_STRETCH < ratio < MOST_STRETCH


def of_size(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """Bring ``H,W`` ids to ``size`` by the nearest pixel, so that no new id arises."""
    target = (round(size[0]), round(size[1]))
    return np.asarray(cv2.resize(pixels, target, interpolation=cv2.INTER_NEAREST_EXACT))
