from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.annotators.test_rle import masks
from twinband.annotators.crops import Crop, decode_crop, nearest
from twinband.annotators.rle import encode


@st.composite
def sizes_and_crops(draw: st.DrawFn) -> tuple[tuple[int, int], Crop]:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    down, across = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
    return (height, width), Crop(top, left, down, across)


def cut(stack: NDArray[np.bool_], crop: Crop) -> NDArray[np.bool_]:
    top, left, height, width = crop
    return stack[:, top : top + height, left : left + width]


@given(sizes_and_crops(), st.integers(0, 7), st.integers(0, 2**20))
def test_decoding_a_part_is_decoding_all_and_cutting(
    where: tuple[tuple[int, int], Crop], number: int, seed: int
) -> None:
    size, crop = where
    whole = masks(seed, number, *size)
    part = decode_crop([rle["counts"] for rle in encode(whole)], size, crop)
    assert part.dtype == np.bool_ and part.shape == (number, crop.height, crop.width)
    np.testing.assert_array_equal(part, cut(whole, crop))


def test_masks_of_smooth_shapes_in_a_large_image() -> None:
    rows, columns = np.mgrid[:300, :400]
    discs = np.stack([np.hypot(rows - y, columns - x) < 90 for y, x in ((20, 30), (150, 350))])
    crop = Crop(37, 41, 192, 256)
    part = decode_crop([rle["counts"] for rle in encode(discs)], (300, 400), crop)
    np.testing.assert_array_equal(part, cut(discs, crop))
    assert part.any((1, 2)).all()


def test_counts_of_other_writers() -> None:
    """Runs may be cut in two by a run of no pixel."""
    part = decode_crop([[0, 2, 0, 3, 4], [9], [0, 9]], (3, 3), Crop(0, 1, 3, 2))
    assert part.sum((1, 2)).tolist() == [2, 0, 6]
    assert part[0].tolist() == [[True, False], [True, False], [False, False]]


@pytest.mark.parametrize("size", [(3, 4), (9, 14), (9, 2), (20, 31), (1, 1)])
def test_nearest_takes_the_pixel_that_a_centre_falls_on(size: tuple[int, int]) -> None:
    whole = masks(1, 4, 9, 14)
    small = nearest(whole, size)
    assert small.shape == (4, *size)
    for row, column in np.ndindex(*size):
        y, x = (floor(Fraction(2 * i + 1, 2 * n) * old) for i, n, old in (
            (row, size[0], 9), (column, size[1], 14)
        ))  # fmt: skip
        np.testing.assert_array_equal(small[:, row, column], whole[:, y, x])
    assert nearest(whole[:0], size).shape == (0, *size)
