"""SAMs with random weights whose masks differ from prompt to prompt.

A fresh SAM gives every prompt nearly the same mask and the same predicted IoU. Here the decoder's
last layers are set so that over a grid of prompts on one image every prompt gets another mixture
of the features, which makes a few blobs, and predicted IoUs are spread around 0.5.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.sam.build import Layer, Sam
from twinband.sam.decode import PointDecoder
from twinband.sam.encode import embed

PROMPTS_A_SIDE = 8
SPREAD_LOGITS, SPREAD_IOU = 8.0, 0.2  # standard deviations
LOWERED = 2.0  # standard deviations that logits are lowered by, so that blobs are few


@torch.no_grad()
def made_varied(model: Sam, pixels: NDArray[np.uint8]) -> Sam:
    """Change the weights of the model's decoder, and return the model.

    Args:
        pixels: ``p,p,3`` RGB of the size that the encoder sees.
    """
    decoder = model.mask_decoder
    for index in (0, 3):  # all pixels of a patch alike, so that masks are no confetti
        weight = decoder.output_upscaling[index].weight
        weight.copy_(weight[..., :1, :1].expand_as(weight))
    places = (torch.arange(PROMPTS_A_SIDE, dtype=torch.float64) + 0.5) / PROMPTS_A_SIDE
    points = torch.cartesian_prod(places, places) * len(pixels)
    image = torch.as_tensor(pixels).permute(2, 0, 1)
    prompted = PointDecoder(model, embed(model, image))(points)
    features = _of_patches(decoder, prompted.image)
    for index, head in enumerate(decoder.output_hypernetworks_mlps[1:]):
        _mix_differently(head, prompted.tokens[:, index], features)
    iou = decoder.iou_prediction_head.layers[-1]
    spread, middle = torch.std_mean(prompted.predicted_iou, 0)
    iou.weight[1:] *= (SPREAD_IOU / spread)[:, None]
    iou.bias[1:] = (iou.bias[1:] - middle) * (SPREAD_IOU / spread) + 0.5
    return model


def _of_patches(decoder: Layer, image: Tensor) -> Tensor:
    """Compute upscaled features ``n,c`` of every patch for every prompt."""
    side = int(image.shape[1] ** 0.5)
    maps = image.transpose(1, 2).unflatten(2, (side, side))
    parts = [decoder.output_upscaling(chunk)[..., ::4, ::4] for chunk in maps.split(4)]
    return torch.cat(parts).flatten(2).transpose(1, 2).flatten(0, 1)


def _mix_differently(head: Layer, tokens: Tensor, features: Tensor) -> None:
    """Remove what all features and all prompts share from the output of ``head``."""
    last = head.layers[-1]
    mean = features.mean(0)
    direction = mean / mean.norm()
    projection = torch.eye(len(mean)) - torch.outer(direction, direction)
    outputs = head(tokens)
    change = projection @ _inverse_root(torch.cov(features.T)) @ _inverse_root(torch.cov(outputs.T))
    last.bias.copy_(change @ (last.bias - outputs.mean(0)))
    last.weight.copy_(change @ last.weight)
    scale = SPREAD_LOGITS / (head(tokens) @ features[:: len(tokens)].T).std()
    last.weight *= scale
    last.bias *= scale
    last.bias -= direction * (LOWERED * SPREAD_LOGITS / mean.norm())


def _inverse_root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag(values.clamp(min=1e-2 * values.max()).rsqrt()) @ vectors.T
