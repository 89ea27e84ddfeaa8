"""From the decoder's features to logits of masks, only where and of what they are wanted."""

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from twinband.annotators.sam._package import Sam
from twinband.annotators.sam.decode import Prompted


class Frame(NamedTuple):
    """How an image lies in the encoder's square: all in pixels, height and width.

    Attributes:
        inside: of the image as resized into the upper left of the square.
        original: of the image itself.
    """

    inside: tuple[int, int]
    original: tuple[int, int]


def low_resolution(model: Sam, frame: Frame, prompted: Prompted, wanted: Tensor) -> Tensor:
    """Logits ``n,h,w`` of the masks that are ``wanted`` (``b,m`` bool), four a patch each way;
    of the square's padding only one patch is made."""
    decoder = model.mask_decoder
    grid = model.prompt_encoder.image_embedding_size[0]
    patch = model.image_encoder.img_size // grid
    rows, columns = (min(math.ceil(side / patch) + 1, grid) for side in frame.inside)
    prompts = wanted.any(1)
    seen = prompted.image.unflatten(1, (grid, grid))[prompts, :rows, :columns]
    first, norm, activation, second, last_activation = decoder.output_upscaling
    features = _twice_as_fine(first, seen)
    features = activation(
        functional.layer_norm(features, features.shape[-1:], norm.weight, norm.bias, norm.eps)
    )
    features = last_activation(_twice_as_fine(second, features))
    tokens, heads = prompted.tokens[prompts], decoder.output_hypernetworks_mlps[1:]
    weights = torch.stack([head(tokens[:, index]) for index, head in enumerate(heads)], 1)
    logits = (weights @ features.flatten(1, -2).transpose(1, 2))[wanted[prompts]]
    nested = logits.unflatten(1, (rows, columns, 2, 2, 2, 2))  # y, x; then down, across; twice
    return nested.permute(0, 1, 3, 5, 2, 4, 6).reshape(-1, rows * 4, columns * 4)


def _twice_as_fine(layer: nn.ConvTranspose2d, features: Tensor) -> Tensor:
    """``...,C`` to ``...,2,2,C'``: a transposed convolution whose kernels do not overlap is one
    matrix for every position, and without its layout the next norm finds channels together."""
    weight = layer.weight.permute(0, 2, 3, 1)
    bias = cast(Tensor, layer.bias).repeat(weight.shape[1] * weight.shape[2])
    return functional.linear(features, weight.flatten(1).T, bias).unflatten(-1, weight.shape[1:])


def full_resolution(model: Sam, frame: Frame, logits: Tensor) -> Tensor:
    """Logits ``n,H,W`` at the image's own size, by way of the encoder's as SAM was trained.

    Args:
        logits: ``n,h,w`` of ``low_resolution``.
    """
    patch = model.image_encoder.img_size // model.prompt_encoder.image_embedding_size[0]
    square = [side * patch // 4 for side in logits.shape[1:]]
    height, width = frame.inside
    enlarged = _bilinear(logits[:, None], square)[..., :height, :width]
    return _bilinear(enlarged, frame.original)[:, 0]


def _bilinear(logits: Tensor, size: tuple[int, int] | list[int]) -> Tensor:
    return functional.interpolate(logits, size, mode="bilinear", align_corners=False)
