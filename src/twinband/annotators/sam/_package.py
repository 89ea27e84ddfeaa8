"""What is used of segment_anything, which wants torchvision while it is imported."""

from typing import Any

from twinband.annotators._torchvision import stand_in

with stand_in():
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )
    from segment_anything.modeling.image_encoder import get_rel_pos
    from segment_anything.utils.transforms import ResizeLongestSide

Layer = Any  # one of segment_anything's modules, of whose attributes no types are known

__all__ = [
    "ImageEncoderViT",
    "Layer",
    "MaskDecoder",
    "PromptEncoder",
    "ResizeLongestSide",
    "Sam",
    "TwoWayTransformer",
    "get_rel_pos",
]
