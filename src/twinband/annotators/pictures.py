"""What pictures of labels have in common."""

import re

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
LEAST_WIDTH_PX, MOST_WIDTH_PX = 512, 1024
QUALITY = 88


def enlarged(image: Image) -> Image:
    """So wide that a person sees it, and no wider than a page."""
    size = shown_size(image)
    how = cv2.INTER_CUBIC if size[0] > image.shape[1] else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how))


def shown_size(image: Image) -> tuple[int, int]:
    """Width and height at which an image ``H,W,…`` is drawn."""
    height, width = image.shape[:2]
    zoom = min(max(1.0, LEAST_WIDTH_PX / width), MOST_WIDTH_PX / width)
    return round(width * zoom), max(1, round(height * zoom))


def file_word(hour: str) -> str:
    """The name of an hour as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", hour)
