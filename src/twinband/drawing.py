"""A contact sheet of pairs: RGB above thermal, a few columns, each with its key."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.images import to_eight_bits

CELL_PX = 200
TEXT_PX = 18
CAPTION_LETTERS = 26  # as many as fit; of a longer one the end tells more


def contact_sheet(
    samples: Sequence[tuple[str, NDArray[np.uint8], NDArray[Any]]], columns: int
) -> NDArray[np.uint8]:
    """Lay pairs out on white.

    Args:
        samples: caption, RGB ``H,W,3`` uint8 and thermal ``H,W`` (any depth; 16-bit is stretched
            between its 1st and 99th percentile for the eye).
        columns: pairs side by side.

    Returns:
        ``H,W,3`` uint8 RGB.
    """
    cells = [_cell(*sample) for sample in samples]
    blank = np.full_like(cells[0], 255)
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    lines = [np.hstack([*row, *[blank] * (columns - len(row))]) for row in rows]
    return np.vstack(lines)


def _cell(caption: str, rgb: NDArray[np.uint8], thermal: NDArray[Any]) -> NDArray[np.uint8]:
    grey = np.repeat(to_eight_bits(thermal)[..., None], 3, axis=2)
    strip = np.full((TEXT_PX, CELL_PX, 3), 255, np.uint8)
    short = caption if len(caption) <= CAPTION_LETTERS else f"...{caption[3 - CAPTION_LETTERS :]}"
    text = short.encode("ascii", "replace").decode()  # all that OpenCV can draw
    cv2.putText(strip, text, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA)
    stacked = np.vstack([_fit(rgb), _fit(grey), strip])
    return cv2.copyMakeBorder(stacked, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def _fit(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scaled to the cell's width, and letterboxed to three quarters of it in height."""
    height, width = CELL_PX * 3 // 4, CELL_PX
    scale = min(height / image.shape[0], width / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas = np.full((height, width, 3), 235, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = resized
    return canvas
