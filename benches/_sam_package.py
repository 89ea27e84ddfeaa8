"""Masks of segment_anything's own generator, and test images."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sam.build import Sam
from twinband.sam.torchvision_stub import stand_in

with stand_in():
    from segment_anything import SamAutomaticMaskGenerator


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Make an image ``H,W,3`` of soft spots of random colour."""
    generator = np.random.default_rng(seed)
    spots = generator.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def of_package(
    model: Sam, image: NDArray[np.uint8], settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Generate masks with segment_anything, their run lengths under ``rle`` too."""
    generator = SamAutomaticMaskGenerator(model, output_mode="uncompressed_rle", **settings)
    masks: list[dict[str, Any]] = generator.generate(image)
    return [{**mask, "rle": mask["segmentation"]} for mask in masks]
