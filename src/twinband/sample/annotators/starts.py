"""Where training begins. The usual random weights suit wide networks and millions of images; a
narrow one that will see some ten thousand starts closer to what it will become."""

import torch
from torch import Tensor, nn
from transformers import DPTForDepthEstimation, PreTrainedModel

from twinband.annotators.sam._package import Layer, Sam

PATTERNED = ("sampling_offsets", "attention_weights")
POSITION_SCALE = 0.5
FIRST_INVERSE_DEPTH = 0.3
# Of noise and of the identity in query-key products, and in value-projection products.
QUERY_KEY = (0.7, 0.7)
VALUE_PROJECTION = (0.4, -0.4)


def widened(model: PreTrainedModel) -> PreTrainedModel:
    """transformers draws all weights with a deviation of 0.02, which suits widths near a thousand;
    of narrow layers it makes next to nothing, and training spends its time on growing them."""
    for name, layer in model.named_modules():
        # those of deformable attention begin as a pattern
        if isinstance(layer, nn.Linear) and not name.endswith(PATTERNED):
            nn.init.xavier_uniform_(layer.weight)
    return model


@torch.no_grad()
def alive(dpt: DPTForDepthEstimation) -> DPTForDepthEstimation:
    """DPT's last layer is a ReLU: where it begins at 0 it stays there, since nothing tells it that
    0 is wrong. So all begins at some distance, with little else to it."""
    last: Layer = dpt.head.head[-2]
    last.weight.mul_(0.1)
    nn.init.constant_(last.bias, FIRST_INVERSE_DEPTH)
    return dpt


@torch.no_grad()
def placed(sam: Sam) -> Sam:
    """Positions of SAM's encoder as sines and cosines, not zeros, and its attention as trained
    ViTs have it (Trockman and Kolter, "Mimetic initialization of self-attention layers", 2023)."""
    encoder: Layer = sam.image_encoder
    positions = encoder.pos_embed
    positions.copy_(POSITION_SCALE * sines(*positions.shape[1:]))
    for block in encoder.blocks:
        _mimic(block.attn)
    return sam


def sines(rows: int, columns: int, width: int) -> Tensor:
    """Sines and cosines of each cell's row, then of its column, ``rows,columns,width``."""
    count = width // 4
    frequencies = 10000.0 ** (-torch.arange(count) / count)

    def of_axis(cells: int) -> Tensor:
        angles = torch.arange(cells)[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], 1)

    down = of_axis(rows)[:, None].expand(-1, columns, -1)
    across = of_axis(columns)[None].expand(rows, -1, -1)
    return torch.cat([down, across], -1)


def _mimic(attention: Layer) -> None:
    """Queries and keys whose products, head by head, are near the identity: a patch attends to
    those like it. Values and projection whose product is near the negative identity."""
    weight = attention.qkv.weight
    width = weight.shape[1]
    rank = width // attention.num_heads
    for head in range(attention.num_heads):
        left, scale, right = torch.linalg.svd(_near_identity(width, *QUERY_KEY))
        scale = scale[:rank].sqrt()
        weight[head * rank :][:rank] = (left[:, :rank] * scale).T
        weight[width + head * rank :][:rank] = scale[:, None] * right[:rank]
    left, scale, right = torch.linalg.svd(_near_identity(width, *VALUE_PROJECTION))
    weight[2 * width :] = scale.sqrt()[:, None] * right
    attention.proj.weight.copy_(left * scale.sqrt())


def _near_identity(width: int, noise: float, identity: float) -> Tensor:
    return noise * torch.randn(width, width) / width**0.5 + identity * torch.eye(width)
