"""Binary masks as uncompressed COCO run lengths.

Pixels are read column by column; ``counts`` are the lengths of the runs in turn off and on, off
first, so that a mask which begins with a pixel that is on has a first count of 0.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PIXELS_AT_ONCE = 1 << 16  # of every mask while they are compared
MOST_PIXELS = 1 << 28  # of an image; a size beyond is a slip, and would fill the memory


class Rle(TypedDict):
    """A mask.

    Attributes:
        size: height and width.
        counts: lengths of the runs.
    """

    size: list[int]
    counts: list[int]


def encode(masks: Tensor | NDArray[np.bool_]) -> list[Rle]:
    """Encode masks ``n,H,W`` (bool, on any device), all in one pass."""
    masks = torch.as_tensor(masks)
    number, height, width = masks.shape
    pixels = masks.transpose(1, 2).reshape(number, height * width)
    begins = torch.ones_like(pixels)
    torch.ne(pixels[:, 1:], pixels[:, :-1], out=begins[:, 1:])
    at = begins.flatten().nonzero()[:, 0].cpu().numpy()
    runs = np.diff(at, append=pixels.numel())
    bounds = np.searchsorted(at, np.arange(number + 1) * (height * width))
    return [
        {"size": [height, width], "counts": [0] * on + runs[begin:end].tolist()}
        for on, begin, end in zip(pixels[:, 0].tolist(), bounds, bounds[1:], strict=False)
    ]


def decode(rle: Rle) -> NDArray[np.bool_]:
    """Decode a mask to ``H,W``.

    Raises:
        ValueError: the runs do not fill the image.
    """
    lengths = _lengths(rle["counts"], rle["size"])
    height, width = rle["size"]
    on = np.arange(len(lengths)) % 2 == 1
    return np.repeat(on, lengths).reshape(width, height).T


def area(rle: Rle) -> int:
    """Count the pixels that are on.

    Raises:
        ValueError: as ``decode``.
    """
    return int(_lengths(rle["counts"], rle["size"])[1::2].sum())


def bbox(rle: Rle) -> list[int]:
    """Compute COCO's box: left, top, width and height in pixels; zeros if nothing is on.

    Raises:
        ValueError: as ``decode``.
    """
    lengths = _lengths(rle["counts"], rle["size"])
    height = rle["size"][0]
    ends = np.cumsum(lengths)
    on = lengths[1::2] > 0
    first, last = ends[:-1:2][on], ends[1::2][on] - 1  # pixel of every run that is on
    if not first.size:
        return [0, 0, 0, 0]
    left, right = int(first[0]) // height, int(last[-1]) // height
    top, bottom = int((first % height).min()), int((last % height).max())
    if (first // height != last // height).any():  # a run goes on at the top of the next column
        top, bottom = 0, height - 1
    return [left, top, right - left + 1, bottom - top + 1]


def iou(masks: Sequence[Rle], others: Sequence[Rle]) -> NDArray[np.float64]:
    """Compute the intersection over union of all pairs of a mask and another, ``n,m``.

    Two empty masks have an IoU of 0.
    """
    if not masks or not others:
        return np.zeros((len(masks), len(others)))
    return array_iou(
        np.stack([decode(rle) for rle in masks]), np.stack([decode(rle) for rle in others])
    )


def array_iou(masks: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Compute ``iou`` of masks ``n,H,W`` and ``m,H,W``."""
    pixels = math.prod(masks.shape[1:])
    rows, columns = masks.reshape(-1, pixels), others.reshape(-1, pixels)
    shared = np.zeros((len(masks), len(others)))
    for begin in range(0, rows.shape[1], PIXELS_AT_ONCE):
        part = np.s_[:, begin : begin + PIXELS_AT_ONCE]
        shared += rows[part].astype(np.float32) @ columns[part].astype(np.float32).T
    union = rows.sum(1)[:, None] + columns.sum(1)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


class Crop(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def decode_crop(
    counts: Sequence[Sequence[int]], size: tuple[int, int], crop: Crop
) -> NDArray[np.bool_]:
    """Decode masks within ``crop`` only, ``n,h,w``.

    Every end of a run is moved to its place among the pixels of the crop, also read column by
    column; runs outside get a length of zero. So the work grows with the runs and with the pixels
    of the crop, not with those of the image.

    Args:
        counts: run lengths of each mask.
        size: height and width of the image.
        crop: within the image.

    Raises:
        ValueError: runs do not fill the image.
    """
    if not counts:
        return np.zeros((0, crop.height, crop.width), np.bool_)
    by_mask = [_lengths(runs, size) for runs in counts]
    number = np.array([len(runs) for runs in by_mask])
    lengths = np.concatenate(by_mask)
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


def _lengths(counts: Sequence[int], size: Sequence[int]) -> NDArray[np.int64]:
    """Return the lengths of a mask's runs, which must add up to the pixels of the image.

    Raises:
        ValueError: they do not, or are no whole numbers from 0 on, or the size is none.
    """
    if len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise ValueError(f"a size is height and width in pixels, not {size!r:.80}")
    pixels = math.prod(size)
    if pixels > MOST_PIXELS:
        raise ValueError(f"a mask of {size[0]}x{size[1]} px; {MOST_PIXELS} px are the most")
    lengths = np.asarray(counts)
    whole = lengths.ndim == 1 and lengths.size and np.issubdtype(lengths.dtype, np.integer)
    if not whole or lengths.min() < 0 or lengths.max() > pixels or lengths.sum() != pixels:
        raise ValueError(f"runs do not fill an image of {size[0]}x{size[1]} px: {counts!r:.80}")
    return lengths.astype(np.int64, copy=False)


def nearest(masks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Resize masks ``n,h,w`` to ``size`` (height and width) by the nearest pixel centre."""
    rows, columns = (
        ((2 * np.arange(new) + 1) * old) // (2 * new)
        for new, old in zip(size, masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns]
