"""Random crops that both modalities of a pair share (M-SpecGene's augmentation)."""

import math
from dataclasses import dataclass

import numpy as np

from twinband.core.views import Box

AREA = (0.2, 1.0)  # part of the image that a crop covers
ASPECT = (3 / 4, 4 / 3)  # its width over its height, drawn evenly in the logarithm
TRIES = 10
FLIP_PROBABILITY = 0.5


@dataclass(frozen=True, slots=True)
class View:
    """A crop of a pair: a box in each image's own pixels, and whether both are mirrored."""

    rgb: Box
    thermal: Box
    flip: bool


def draw_view(
    generator: np.random.Generator,
    rgb_size: tuple[int, int],
    thermal_size: tuple[int, int],
    shift_tolerance_px: int,
) -> View:
    """Draw a random view of a registered pair.

    Both boxes show the same part of the scene, also if the images differ in size. Then the thermal
    box is moved by up to ``shift_tolerance_px`` thermal pixels along each axis, like an error of
    registration; it stays within the image.

    Args:
        rgb_size: width and height.
        thermal_size: width and height.
    """
    left, top, width, height = _draw_crop(generator, *rgb_size)
    flip = bool(generator.random() < FLIP_PROBABILITY)
    shift = generator.integers(-shift_tolerance_px, shift_tolerance_px, size=2, endpoint=True)
    across = _moved(left, width, rgb_size[0], thermal_size[0], int(shift[0]))
    down = _moved(top, height, rgb_size[1], thermal_size[1], int(shift[1]))
    rgb = (left, top, left + width, top + height)
    return View(rgb, (across[0], down[0], across[1], down[1]), flip)


def _draw_crop(
    generator: np.random.Generator, width: int, height: int
) -> tuple[int, int, int, int]:
    """Draw left, top, width and height of a crop; after ten tries that do not fit, take the
    greatest central one whose aspect is within bounds."""
    for _ in range(TRIES):
        area = width * height * generator.uniform(*AREA)
        aspect = math.exp(generator.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            left = int(generator.integers(0, width - w, endpoint=True))
            top = int(generator.integers(0, height - h, endpoint=True))
            return left, top, w, h
    w = max(1, min(width, round(height * ASPECT[1])))
    h = max(1, min(height, round(width / ASPECT[0])))
    return (width - w) // 2, (height - h) // 2, w, h


def _moved(begin: int, length: int, total: int, other: int, shift: int) -> tuple[float, float]:
    """Scale the interval ``begin .. begin + length`` of ``total`` to ``other``, and shift it."""
    scale = other / total
    first = min(max(begin * scale + shift, 0.0), (total - length) * scale)
    return first, first + length * scale
