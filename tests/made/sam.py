"""A small SAM whose masks differ from prompt to prompt."""

import functools

import torch

from benches._sam_package import picture
from benches._varied_sam import made_varied
from twinband.sam.build import Sam, Sizes, build

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


@functools.cache
def small_sam() -> Sam:
    """Not to be changed by a test."""
    torch.manual_seed(0)
    return made_varied(build(SMALL), picture(SMALL.image_px, SMALL.image_px))
