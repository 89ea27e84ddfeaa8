"""Where SAM is asked: crops of an image, and grids of points over them."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinband.annotators.sam.settings import MaskSettings


class Crop(NamedTuple):
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

    crop: Crop
    points: NDArray[np.float64]


def grids(width: int, height: int, settings: MaskSettings) -> Iterator[Grid]:
    """The whole image, then the crops of every layer, column by column."""
    yield _grid(Crop(0, 0, width, height), settings.points_in(0))
    for layer in range(1, settings.crop_n_layers + 1):
        side = 2**layer
        overlap = int(settings.crop_overlap_ratio * min(width, height) * (2 / side))
        columns = list(_intervals(width, side, overlap))
        rows = list(_intervals(height, side, overlap))
        for left, right in columns:
            for top, bottom in rows:
                yield _grid(Crop(left, top, right, bottom), settings.points_in(layer))


def _intervals(length: int, number: int, overlap: int) -> Iterator[tuple[int, int]]:
    """``number`` intervals of equal length over ``length``, the last one shorter if need be."""
    each = math.ceil((overlap * (number - 1) + length) / number)
    for index in range(number):
        begin = index * (each - overlap)
        yield begin, min(begin + each, length)


def _grid(crop: Crop, side: int) -> Grid:
    """Points at the centres of ``side`` by ``side`` equal fields, row by row."""
    margin = 1 / (2 * side)
    centres = np.linspace(margin, 1 - margin, side)
    across, down = np.meshgrid(centres, centres)
    points = np.stack([across.ravel(), down.ravel()], 1)
    return Grid(crop, points * (crop.width, crop.height))
