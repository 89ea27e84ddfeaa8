"""The contact sheet: every pair in its place, 16 bits made visible."""

import numpy as np
import pytest

from tests.raw_pairs import scene
from twinband.contact_sheet import CELL_PX, contact_sheet
from twinband.images import to_eight_bits


def test_pairs_fill_rows_and_the_rest_stays_white() -> None:
    samples = [(f"key-{n}", *scene(n)) for n in range(5)]
    sheet = contact_sheet(samples, columns=3)
    height, width = sheet.shape[0] // 2, sheet.shape[1] // 3
    assert sheet.dtype == np.uint8 and width == CELL_PX + 6
    cells = [sheet[r * height :][:height, c * width :][:, :width] for r in (0, 1) for c in range(3)]
    assert (cells[5] == 255).all() and all((cell < 128).any() for cell in cells[:5])
    assert len({cell.tobytes() for cell in cells}) == 6
    np.testing.assert_array_equal(sheet, contact_sheet(samples, columns=3))


def test_rgb_stands_above_thermal() -> None:
    red = np.zeros((30, 40, 3), np.uint8)
    red[..., 0] = 255
    sheet = contact_sheet([("a", red, np.full((30, 40), 77, np.uint8))], columns=1)
    half = (sheet.shape[0] - 18) // 2
    assert tuple(sheet[half // 2, sheet.shape[1] // 2]) == (255, 0, 0)
    assert tuple(sheet[half + half // 2, sheet.shape[1] // 2]) == (77, 77, 77)


def test_odd_shapes_and_long_or_foreign_captions_fit() -> None:
    tall = np.zeros((400, 3, 3), np.uint8)
    contact_sheet([("set00-v000-" * 8, tall, tall[..., 0]), ("Straße 夜", *scene(1))], columns=2)


def test_deep_thermal_is_stretched_between_its_percentiles() -> None:
    deep = np.linspace(7000, 7400, 10_000).astype(np.uint16).reshape(100, 100)
    deep[0, 0] = 65535  # one hot pixel must not make the rest black
    shown = to_eight_bits(deep)
    assert shown.dtype == np.uint8 and shown.min() == 0 and shown.max() == 255
    assert 100 < np.median(shown) < 155


def test_eight_bits_are_shown_as_they_are() -> None:
    thermal = scene(3)[1]
    assert to_eight_bits(thermal) is thermal


@pytest.mark.parametrize("level", [0, 9000])
def test_a_flat_deep_image_is_black_and_no_error(level: int) -> None:
    assert not to_eight_bits(np.full((20, 20), level, np.uint16)).any()
