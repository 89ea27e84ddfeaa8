"""Fusion of Laplacian pyramids: the stronger band, the mean of the top.

Source: Burt and Adelson, 1983; spec cross-modal-kd, 1.2.
"""

import cv2
import numpy as np

from twinband.fusion.interface import Fusion, Grey, stronger

KERNEL = np.array([1, 4, 6, 4, 1], np.float32) / 16
MOST_LEVELS = 5


class Method(Fusion):
    """Fusion by pyramids of as many levels as the image has room for, at most five."""

    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        levels = max(0, min(MOST_LEVELS, int(np.log2(min(visible.shape))) - 2))
        first, second = pyramid(infrared, levels), pyramid(visible, levels)
        bands = [stronger(a, b) for a, b in zip(first[:-1], second[:-1], strict=True)]
        return rebuilt([*bands, (first[-1] + second[-1]) / 2])


def pyramid(image: Grey, levels: int) -> list[Grey]:
    """Decompose into ``levels`` bands, the finest first, and the top."""
    bands = []
    for _ in range(levels):
        smaller = cv2.sepFilter2D(image, -1, KERNEL, KERNEL, borderType=cv2.BORDER_REFLECT_101)
        smaller = np.ascontiguousarray(smaller[::2, ::2])
        bands.append(image - expanded(smaller, image.shape))
        image = smaller
    return [*bands, image]


def rebuilt(bands: list[Grey]) -> Grey:
    """Put a pyramid together; exact for whatever ``pyramid`` made."""
    image = bands[-1]
    for band in reversed(bands[:-1]):
        image = band + expanded(image, band.shape)
    return image


def expanded(image: Grey, shape: tuple[int, ...]) -> Grey:
    """Enlarge to twice the size, or one less: zeros between the pixels, then a blur."""
    spread = np.zeros(shape, np.float32)
    spread[::2, ::2] = image
    return cv2.sepFilter2D(spread, -1, 2 * KERNEL, 2 * KERNEL, borderType=cv2.BORDER_REFLECT_101)
