"""Scenes whose thermal image has other grey levels, but the same edges, as the RGB image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.geometry import Frame, Matrix, Similarity, inverted


def scene(seed: int, width: int = 320, height: int = 200) -> tuple[NDArray[Any], NDArray[Any]]:
    """An RGB and a thermal image of the same random boxes and discs, contrast partly reversed."""
    generator = np.random.default_rng(seed)
    rgb = np.full((height, width, 3), 120, np.uint8)
    thermal = np.full((height, width), 90, np.uint8)
    for number in range(45):
        x, y = (int(generator.integers(0, size)) for size in (width, height))
        side = int(generator.integers(6, 30))
        colour = [int(value) for value in generator.integers(0, 255, 3)]
        heat = int(generator.integers(0, 255))
        if number % 2:
            cv2.circle(rgb, (x, y), side // 2, colour, -1, cv2.LINE_AA)
            cv2.circle(thermal, (x, y), side // 2, heat, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(rgb, (x, y), (x + side, y + side), colour, -1)
            cv2.rectangle(thermal, (x, y), (x + side, y + side), heat, -1)
    noise = generator.normal(0, 4, (height, width, 4))
    rgb = np.clip(rgb + noise[..., :3], 0, 255).astype(np.uint8)
    return rgb, np.clip(thermal + noise[..., 3], 0, 255).astype(np.uint8)


def displaced(thermal: NDArray[Any], motion: Similarity) -> tuple[NDArray[Any], Matrix]:
    """``thermal`` under ``motion``, and the matrix from its pixels back to where they were."""
    return displaced_by(thermal, motion.matrix(Frame(thermal.shape[1], thermal.shape[0])))


def displaced_by(thermal: NDArray[Any], matrix: Matrix) -> tuple[NDArray[Any], Matrix]:
    """The same under an affine matrix."""
    frame = Frame(thermal.shape[1], thermal.shape[0])
    size = (frame.width, frame.height)
    moved = cv2.warpAffine(thermal, matrix[:2], size, borderMode=cv2.BORDER_REPLICATE)
    return moved, inverted(matrix)
