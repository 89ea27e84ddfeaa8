"""Layers of a vision transformer: attention, pre-norm blocks, positions and starting weights.

Shapes: B batch, L and M sequence lengths, D width.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LAYER_NORM_EPS = 1e-6
MLP_RATIO = 4


def layer_norm(width: int) -> nn.LayerNorm:
    """Make the layer normalisation used everywhere."""
    return nn.LayerNorm(width, eps=LAYER_NORM_EPS)


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Apply scaled dot-product attention of ``B,L,D`` queries over ``B,M,D`` keys, in ``heads``
    heads."""
    split = [part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value)]
    learnt = torch.is_grad_enabled() and any(part.requires_grad for part in split)
    if learnt and query.device.type == "cpu" and query.dtype == torch.bfloat16:
        # backward through PyTorch's own takes three to seven times as long there
        return _written_out(*split).transpose(1, 2).flatten(2)
    return F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


def _written_out(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    weights = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    return weights.softmax(-1) @ value


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
        before = self.fc1(x)
        with recomputed(after := F.gelu(before), lambda: F.gelu(before)):
            return self.fc2(after)


@contextmanager
def recomputed(tensor: Tensor, make: Callable[[], Tensor]) -> Iterator[None]:
    """Within the context keep no copy of ``tensor`` for the backward pass, which makes it again.

    Compiled code decides by itself what it keeps.
    """
    if torch.compiler.is_compiling() or not tensor.requires_grad:
        yield
        return
    address = tensor.untyped_storage().data_ptr()

    def pack(saved: Tensor) -> Tensor | torch.Size:
        return saved.shape if saved.untyped_storage().data_ptr() == address else saved

    def unpack(packed: Tensor | torch.Size) -> Tensor:
        return packed if isinstance(packed, Tensor) else make().detach().view(packed)

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        yield


class SwiGlu(nn.Module):
    """DINOv2's gated layers: one half of ``w12`` opens the other, two thirds as wide as ``Mlp``.

    Source: Oquab et al., DINOv2, TMLR 2024; the hidden width is a multiple of 8.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = -(-(MLP_RATIO * width * 2 // 3) // 8) * 8
        self.w12 = nn.Linear(width, 2 * hidden)
        self.w3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


MlpKind = Literal["gelu", "swiglu"]
MLPS: dict[MlpKind, type[Mlp] | type[SwiGlu]] = {"gelu": Mlp, "swiglu": SwiGlu}


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, heads: int, mlp: MlpKind = "gelu") -> None:
        super().__init__()
        self.norm1 = layer_norm(width)
        self.attn = Attention(width, heads)
        self.norm2 = layer_norm(width)
        self.mlp = MLPS[mlp](width)

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


TOKEN_STD = 0.02


def random_weights(module: nn.Module) -> None:
    """Draw linear and patch layers Xavier-uniform, biases 0, layer normalisations 1 and 0.

    The kernel of a patch layer counts as the matrix that it is once flattened. Class and mask
    tokens are drawn by their owners with ``random_token``.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(part.weight.flatten(1))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            part.reset_parameters()


def random_token(token: Tensor) -> None:
    """Fill ``token`` in place from a normal distribution."""
    nn.init.normal_(token, std=TOKEN_STD)


Grid = tuple[int, int]
"""Rows and columns of patches."""


def sincos_table(width: int, grid: Grid) -> Tensor:
    """Compute sine-cosine positions as ``1,width,rows,columns`` in float32.

    The first half of the channels is the sine then the cosine of the row, the second half of the
    column, at ``width / 4`` frequencies from 1 down to nearly 1/10000. On square grids these are
    M-SpecGene's and MoCo v3's values; MAE's have row and column exchanged.

    Raises:
        ValueError: ``width`` is no multiple of 4.
    """
    if width % 4:
        raise ValueError(f"sine-cosine positions need a width divisible by 4, got {width}")
    rows, columns = grid
    table = torch.cat(
        [
            _waves(width // 4, rows)[:, :, None].expand(-1, -1, columns),
            _waves(width // 4, columns)[:, None, :].expand(-1, rows, -1),
        ]
    )
    return table.float()[None]


def _waves(frequencies: int, places: int) -> Tensor:
    exponents = torch.arange(frequencies, dtype=torch.float64) / frequencies
    angles = torch.outer(10_000.0**-exponents, torch.arange(places, dtype=torch.float64))
    return torch.cat([angles.sin(), angles.cos()])


def resize_table(table: Tensor, grid: Grid) -> Tensor:
    """Stretch a ``1,D,rows,columns`` table over the same view with ``grid`` patches, bicubic."""
    if table.shape[-2:] == grid:
        return table
    return F.interpolate(table.float(), size=grid, mode="bicubic", align_corners=False)


class Positions(nn.Module):
    """Position embeddings that are not trained: sine-cosine, or loaded values.

    Args:
        width: channels of a token.
        grid: of the training images; for other grids the table is resized.
    """

    table: Tensor

    def __init__(self, width: int, grid: Grid) -> None:
        super().__init__()
        self.register_buffer("table", sincos_table(width, grid))

    def forward(self, grid: Grid) -> Tensor:
        """Return ``1,L,D`` for the ``L = rows * columns`` patches of ``grid``, row by row."""
        return resize_table(self.table, grid).flatten(2).transpose(1, 2)
