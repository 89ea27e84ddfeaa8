"""Transformers over feature maps whose keys and values outlive them: SAGE's repository.

Shapes: B batch, C channels, N positions of a map.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 3.2).
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from twinband.networks.layers import attend

HEADS = 2
GROUPS, GROUP_EPS = 4, 1e-6
FEED_FORWARD = 4  # times the width


class Repository(NamedTuple):
    """Keys and values ``B,N,C`` as a transformer projected them: what others attend to; without
    keys by those of their own."""

    keys: Tensor | None
    values: Tensor


class SpatialTransformer(nn.Module):
    """One transformer block over the positions of ``B,C,h,w``; at the start the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width, eps=GROUP_EPS)
        self.inward = nn.Conv2d(width, width, 1)
        self.block = _Block(width)
        self.outward = nn.Conv2d(width, width, 1)
        for parameter in self.outward.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, context: Repository | None = None) -> tuple[Tensor, Repository]:
        """Attend to itself, then to ``context`` or again to itself.

        Returns:
            Features like ``x``, and the keys and values that its second attention projected: of a
            context those of the context, projected once more.
        """
        tokens = self.inward(self.norm(x)).flatten(2).transpose(1, 2)
        tokens, repository = self.block(tokens, context)
        changed = tokens.transpose(1, 2).unflatten(2, x.shape[2:])
        return x + self.outward(changed), repository


class _Attention(nn.Module):
    """Attention whose keys and values are handed out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Repository | None) -> tuple[Tensor, Repository]:
        keys, values = (x, x) if context is None else context
        keys, values = self.key(x if keys is None else keys), self.value(values)
        return self.out(attend(self.query(x), keys, values, HEADS)), Repository(keys, values)


class _Block(nn.Module):
    """Self-attention, attention to a context, and a gated feed-forward layer, each pre-norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attention1 = _Attention(width)
        self.attention2 = _Attention(width)
        self.gated = nn.Linear(width, 2 * FEED_FORWARD * width)
        self.narrow = nn.Linear(FEED_FORWARD * width, width)

    def forward(self, x: Tensor, context: Repository | None) -> tuple[Tensor, Repository]:
        x = x + self.attention1(self.norm1(x), None)[0]
        attended, repository = self.attention2(self.norm2(x), context)
        x = x + attended
        values, gates = self.gated(self.norm3(x)).chunk(2, dim=-1)
        return x + self.narrow(values * F.gelu(gates)), repository
