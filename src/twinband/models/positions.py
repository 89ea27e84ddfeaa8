"""Fixed two-dimensional position embeddings, and their change to another grid."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Grid = tuple[int, int]
"""Rows and columns of patches."""


def sincos_table(width: int, grid: Grid) -> Tensor:
    """Sine-cosine positions as ``1,width,rows,columns`` in float32.

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
    """A ``1,D,rows,columns`` table stretched over the same view with ``grid`` patches, bicubic."""
    if table.shape[-2:] == grid:
        return table
    return F.interpolate(table.float(), size=grid, mode="bicubic", align_corners=False)


class Positions(nn.Module):
    """Position embeddings that are not trained: sine-cosine, or whatever was loaded over them.

    Args:
        width: channels of a token.
        grid: the grid of the images that it is trained on; on others the table is resized.
    """

    table: Tensor

    def __init__(self, width: int, grid: Grid) -> None:
        super().__init__()
        self.register_buffer("table", sincos_table(width, grid))

    def forward(self, grid: Grid) -> Tensor:
        """``1,L,D`` for the ``L = rows * columns`` patches of ``grid``, row by row."""
        return resize_table(self.table, grid).flatten(2).transpose(1, 2)
