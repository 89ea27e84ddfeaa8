"""Views of images: which part they show, and that neither way of resizing shows another."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from twinband.core.views import BILINEAR, NEAREST, Box, render

BOXES: list[Box] = [(0, 0, 80, 60), (3, 5, 64, 52), (20, 10, 33, 59)]


def texture(channels: int) -> NDArray[np.uint8]:
    shape = (60, 80, channels) if channels > 1 else (60, 80)
    # Not black nor white: ringing is cut off there, by rows or by columns first.
    return np.random.default_rng(channels).integers(70, 186, shape, np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size_px", [24, 96])
def test_whole_boxes_are_resized_as_by_pillow(channels: int, box: Box, size_px: int) -> None:
    pixels = texture(channels)
    left, top, right, bottom = map(int, box)
    cut = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    expected = cut.resize((size_px, size_px), Image.Resampling.BICUBIC)
    seen = render(pixels, box, False, size_px)
    assert seen.dtype == np.uint8 and seen.shape == np.asarray(expected).shape
    assert np.abs(seen.astype(int) - np.asarray(expected)).max() <= 1
    assert np.array_equal(render(pixels, box, True, size_px), seen[:, ::-1])


def test_a_shift_of_half_a_pixel_is_rendered_as_such() -> None:
    ramp = np.tile(np.arange(0, 160, 4, dtype=np.uint8), (40, 1))
    whole, half = (render(ramp, (10 + d, 10, 30 + d, 30), False, 20) for d in (0.0, 0.5))
    inner = slice(4, 16)
    assert np.array_equal(half[:, inner], whole[:, inner] + 2)


def test_classes_stay_classes_and_depth_any_number() -> None:
    classes = np.where(texture(1) > 127, 7, 200).astype(np.uint8)
    assert set(np.unique(render(classes, (1.5, 0, 70, 60), True, 9, NEAREST))) == {7, 200}
    depth = np.linspace(-1, 1, 60 * 80, dtype=np.float32).reshape(60, 80)
    assert render(depth, (0, 0, 80.000001, 60), False, 8, BILINEAR).shape == (
        8,
        8,
    )  # a hair outside
    view = render(depth, (0, 0, 80, 60), False, 6, BILINEAR)
    assert view.dtype == np.float32 and -1 < view.min() < -0.8 and 0.8 < view.max() < 1
    hole = depth.copy()
    hole[30, 40] = np.nan
    assert np.isnan(render(hole, (0, 0, 80, 60), False, 6, BILINEAR)).any()
