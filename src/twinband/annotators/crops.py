"""Decoding a part of run lengths: of many masks at once, and nothing but the part."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Crop(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def decode_crop(
    counts: Sequence[Sequence[int]], size: tuple[int, int], crop: Crop
) -> NDArray[np.bool_]:
    """Masks ``n,h,w`` as they are within ``crop``.

    Every end of a run is moved to where it is among the pixels of the crop alone, read column by
    column too; runs outside get a length of zero. So the work goes with runs and with pixels of
    the crop, not with pixels of the image.

    Args:
        counts: COCO's run lengths of each mask, see rle.py.
        size: height and width of the image.
        crop: within the image.
    """
    if not counts:
        return np.zeros((0, crop.height, crop.width), np.bool_)
    number = np.array([len(each) for each in counts])
    lengths = np.concatenate([np.asarray(each, np.int64) for each in counts])
    last = np.cumsum(number) - 1
    ends = np.cumsum(lengths)
    mask = np.repeat(np.arange(len(counts)), number)
    ends -= np.append(0, ends[last[:-1]])[mask]
    column, row = np.divmod(ends, size[0])
    column, row = column - crop.left, np.clip(row - crop.top, 0, crop.height)
    inside = (column >= 0) & (column < crop.width)
    moved = np.clip(column, 0, crop.width) * crop.height + np.where(inside, row, 0)
    moved += mask * (crop.height * crop.width)
    first = np.append(0, last[:-1] + 1)
    on = (np.arange(len(lengths)) - first[mask]) % 2 == 1
    pixels = np.repeat(on, np.diff(moved, prepend=0))
    return pixels.reshape(len(counts), crop.width, crop.height).transpose(0, 2, 1)


def nearest(masks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Masks ``n,h,w`` resized to ``size`` (height and width): each pixel is the one that its
    centre falls on."""
    rows, columns = (
        ((2 * np.arange(new) + 1) * old) // (2 * new)
        for new, old in zip(size, masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns]
