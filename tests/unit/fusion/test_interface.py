"""The interface of fusion: what goes in, what comes out, and what is refused."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.fusion.interface import Fusion, Grey, checked_pair, in_colour, load_fusion


class Visible(Fusion):
    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        return visible


def noise(*shape: int, high: int = 256, seed: int = 0) -> NDArray[Any]:
    dtype = np.uint8 if high <= 256 else np.uint16
    return np.random.default_rng(seed).integers(0, high, shape, dtype)


def test_colours_go_there_and_back() -> None:
    colours = noise(41, 37, 3)
    error = np.abs(Visible().fuse(colours, noise(41, 37)).astype(int) - colours)
    # luma and chroma are kept in 8 bits on the way, and extreme colours leave their range
    assert error.mean() < 1 and np.percentile(error, 99) <= 2
    luma, cr, cb = np.moveaxis(cv2.cvtColor(colours, cv2.COLOR_RGB2YCrCb) / 255, -1, 0)
    swapped = in_colour(luma, cb - Fusion.neutral, cr - Fusion.neutral)
    assert np.abs(swapped.astype(int) - colours).mean() > 10


def test_a_grey_visible_image_stays_grey() -> None:
    grey = noise(20, 30)
    fused = Visible().fuse(grey, noise(20, 30, high=9000))
    assert fused.shape == (20, 30, 3) and fused.dtype == np.uint8
    assert np.array_equal(fused, np.repeat(grey[..., None], 3, 2))


def test_infrared_of_16_bits_is_stretched_and_of_three_equal_channels_is_one() -> None:
    levels = np.linspace(20_000, 21_000, 600).reshape(20, 30).astype(np.uint16)
    _, eight = checked_pair(noise(20, 30, 3), levels)
    assert eight.dtype == np.uint8 and eight.min() == 0 and eight.max() == 255
    grey = noise(20, 30)
    _, one = checked_pair(noise(20, 30, 3), np.repeat(grey[..., None], 3, 2))
    assert np.array_equal(one, grey)


@pytest.mark.parametrize(
    ("visible", "infrared", "message"),
    [
        (noise(8, 9), noise(8, 9, 3), "infrared image has colours: visible comes first"),
        (noise(8, 9, 3), noise(9, 8), "visible is 9x8 px and infrared 8x9: register"),
        (noise(8, 9, 3, high=999), noise(8, 9), "visible must be .* not 8,9,3 uint16"),
        (noise(8, 9, 4), noise(8, 9), "visible must be .* not 8,9,4 uint8"),
        (noise(8, 9, 3), noise(8, 9).astype(np.float32), "infrared must be .* not 8,9 float32"),
        (noise(0, 9, 3), noise(0, 9), "visible is 9x0 px"),
    ],
)
def test_what_cannot_be_fused_is_told(
    visible: NDArray[Any], infrared: NDArray[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_fusion("average").fuse(visible, infrared)
