import math

import pytest
import torch

from twinband.models.positions import Positions, resize_table, sincos_table


def test_values_by_hand() -> None:
    table = sincos_table(8, (3, 5))
    assert table.shape == (1, 8, 3, 5) and table.dtype == torch.float32
    row, column = 2, 4
    expected = [
        *[math.sin(row), math.sin(row / 100), math.cos(row), math.cos(row / 100)],
        *[math.sin(column), math.sin(column / 100), math.cos(column), math.cos(column / 100)],
    ]
    torch.testing.assert_close(table[0, :, row, column], torch.tensor(expected))


def reference_order(width: int, rows: int, columns: int) -> torch.Tensor:
    """The 'ij' mesh of (columns, rows), which only on squares is (row, column)."""
    first, second = torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="ij")
    omega = 10_000 ** -(torch.arange(width // 4) / (width // 4))
    angles = [place.flatten()[:, None] * omega for place in (first, second)]
    return torch.cat([wave for a in angles for wave in (a.sin(), a.cos())], 1)


def test_square_grids_agree_with_published_weights_and_others_are_row_then_column() -> None:
    square = Positions(16, (4, 4))((4, 4))[0]
    torch.testing.assert_close(square, reference_order(16, 4, 4))
    assert not torch.allclose(square[:, :8], square[:, 8:])
    oblong = Positions(16, (2, 4))((2, 4))[0]
    assert not torch.allclose(oblong, reference_order(16, 2, 4), atol=0.1)
    torch.testing.assert_close(oblong, square[:8])  # two rows of four are the square's first two


def test_other_grids_are_resized_smoothly() -> None:
    table = sincos_table(16, (6, 6))
    assert resize_table(table, (6, 6)) is table
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    # the same view in other patches, so places go by their centres
    finer = resize_table(ramp, (3, 12))[0, 0]
    expected = torch.tensor([1.75, 2.25, 2.75, 3.25])
    torch.testing.assert_close(finer[1, 4:8], expected, atol=0.05, rtol=0)
    assert Positions(16, (6, 6))((9, 4)).shape == (1, 36, 16)


def test_width_must_suit() -> None:
    with pytest.raises(ValueError, match="divisible by 4, got 6"):
        sincos_table(6, (2, 2))
