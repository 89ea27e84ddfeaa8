"""The layers of a vision transformer: attention, cross-attention and their pre-norm blocks.

Shapes: B batch, L and M sequence lengths, D width.
"""

import torch.nn.functional as F
from torch import Tensor, nn

LAYER_NORM_EPS = 1e-6
MLP_RATIO = 4


def layer_norm(width: int) -> nn.LayerNorm:
    """The layer normalisation used everywhere."""
    return nn.LayerNorm(width, eps=LAYER_NORM_EPS)


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Scaled dot-product attention of ``B,L,D`` queries over ``B,M,D`` keys, in ``heads`` heads."""
    split = [part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value)]
    return F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Self-attention; ``width`` must be divisible by ``heads``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x_BLD: Tensor) -> Tensor:
        query, key, value = self.qkv(x_BLD).chunk(3, dim=-1)
        return self.proj(attend(query, key, value, self.heads))


class CrossAttention(nn.Module):
    """Attention of one sequence over another; keys have no bias, as it would change nothing."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width, bias=False)
        self.v = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)

    def forward(self, own_BLD: Tensor, other_BMD: Tensor) -> Tensor:
        query, key, value = self.q(own_BLD), self.k(other_BMD), self.v(other_BMD)
        return self.proj(attend(query, key, value, self.heads))


class Mlp(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, MLP_RATIO * width)
        self.fc2 = nn.Linear(MLP_RATIO * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = layer_norm(width)
        self.attn = Attention(width, heads)
        self.norm2 = layer_norm(width)
        self.mlp = Mlp(width)

    def forward(self, x_BLD: Tensor) -> Tensor:
        x_BLD = x_BLD + self.attn(self.norm1(x_BLD))
        return x_BLD + self.mlp(self.norm2(x_BLD))


class CrossBlock(nn.Module):
    """A pre-norm block whose keys and values come from another sequence.

    One layer normalisation serves both sequences.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = layer_norm(width)
        self.attn = CrossAttention(width, heads)
        self.norm2 = layer_norm(width)
        self.mlp = Mlp(width)

    def forward(self, own_BLD: Tensor, other_BMD: Tensor) -> Tensor:
        own_BLD = own_BLD + self.attn(self.norm1(own_BLD), self.norm1(other_BMD))
        return own_BLD + self.mlp(self.norm2(own_BLD))
