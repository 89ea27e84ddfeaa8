"""A small SAM whose masks differ from prompt to prompt, and pictures for it."""

import functools
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benches._varied_sam import made_varied
from twinband.annotators._torchvision import stand_in
from twinband.annotators.sam import Sizes, build
from twinband.annotators.sam._package import Sam

with stand_in():
    from segment_anything import SamAutomaticMaskGenerator

SMALL = Sizes(
    image_px=96,
    patch_px=8,
    encoder_width=32,
    encoder_depth=2,
    encoder_heads=2,
    encoder_mlp_ratio=2.0,
    global_blocks=(1,),
    window=5,
    prompt_width=64,
    decoder_heads=4,
    decoder_mlp_width=64,
    iou_width=32,
)


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """``H,W,3`` RGB with soft spots."""
    spots = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@functools.cache
def small_sam() -> Sam:
    """Not to be changed by a test."""
    torch.manual_seed(0)
    return made_varied(build(SMALL), picture(SMALL.image_px, SMALL.image_px))


def of_package(model: Sam, image: NDArray[np.uint8], settings: dict[str, Any]) -> list[Any]:
    """What segment_anything's generator finds."""
    generator = SamAutomaticMaskGenerator(model, output_mode="uncompressed_rle", **settings)
    found: list[Any] = generator.generate(image)
    return found
