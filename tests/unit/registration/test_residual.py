"""Local shifts that no global transform mends."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.scenes import scene
from twinband.registration.residual import REACH_PX, residual_shifts

LEFT, RIGHT, TOP, BOTTOM = 160, 300, 30, 170


def near_object(
    x: int, y: int, seed: int = 1
) -> tuple[NDArray[np.uint8], NDArray[Any], NDArray[np.bool_]]:
    """A pair in whose thermal image one region stands ``x, y`` away from where RGB has it."""
    rgb, thermal = scene(seed)
    moved = thermal.copy()
    moved[TOP + y : BOTTOM + y, LEFT + x : RIGHT + x] = thermal[TOP:BOTTOM, LEFT:RIGHT]
    return rgb, moved, np.ones(thermal.shape, np.bool_)


def inside(centres: NDArray[np.float64], zoom: float = 1.0) -> NDArray[np.bool_]:
    """Blocks of which nothing stands outside the region, moved or not."""
    x, y = centres.T / zoom
    margin = 24 + REACH_PX
    across = (x > LEFT + margin) & (x < RIGHT - margin)
    return across & (y > TOP + margin) & (y < BOTTOM - margin)


@pytest.mark.parametrize(("x", "y"), [(4, 0), (-5, 3), (0, -4)])
def test_the_shift_of_a_region_says_how_thermal_must_move(x: int, y: int) -> None:
    found = residual_shifts(*near_object(x, y))
    within, away = inside(found.centres_px), found.centres_px[:, 0] < LEFT - 45
    assert within.any() and away.sum() >= 4
    errors = np.linalg.norm(found.shifts_px[within] - (-x, -y), axis=1)
    assert np.median(errors) < 0.3 and np.percentile(errors, 90) < 1.0
    assert np.median(found.lengths_px[away]) < 0.3 and found.lengths_px[away].max() < 1.0
    assert (found.confidence >= 0.3).all() and (found.confidence <= 1).all()
    np.testing.assert_allclose(found.lengths_px, np.linalg.norm(found.shifts_px, axis=1))


def test_shifts_of_large_images_are_told_in_their_own_pixels() -> None:
    rgb, thermal, _ = near_object(-3, 2)
    rgb, thermal = (cv2.resize(image, (1280, 800)) for image in (rgb, thermal))
    found = residual_shifts(rgb, thermal, np.ones((800, 1280), np.bool_))
    within = inside(found.centres_px, zoom=4.0)
    assert within.any()
    errors = np.linalg.norm(found.shifts_px[within] - (12, -8), axis=1)
    assert np.median(errors) < 1.0 and np.percentile(errors, 90) < 3.0
    assert found.centres_px.max() > 900


def test_a_global_shift_shows_in_all_blocks_with_a_part_of_a_pixel() -> None:
    rgb, thermal = scene(2)
    matrix = np.array([(1.0, 0.0, 2.5), (0.0, 1.0, -1.25)])
    moved = cv2.warpAffine(thermal, matrix, (320, 200), borderMode=cv2.BORDER_REPLICATE)
    found = residual_shifts(rgb, moved, np.ones(thermal.shape, np.bool_))
    assert len(found.confidence) >= 8
    np.testing.assert_allclose(np.median(found.shifts_px, axis=0), (-2.5, 1.25), atol=0.15)


def test_deep_thermal_and_reversed_contrast_change_nothing() -> None:
    rgb, thermal, valid = near_object(4, 2)
    deep = (9000 - thermal.astype(np.uint16) * 20).astype(np.uint16)
    plain, found = residual_shifts(rgb, thermal, valid), residual_shifts(rgb, deep, valid)
    np.testing.assert_allclose(found.shifts_px, plain.shifts_px, atol=0.05)


def test_a_shift_beyond_the_reach_is_not_told() -> None:
    rgb, thermal = scene(3)
    far = np.roll(thermal, 20, axis=1)
    found = residual_shifts(rgb, far, np.ones(thermal.shape, np.bool_))
    same = residual_shifts(rgb, thermal, np.ones(thermal.shape, np.bool_))
    assert len(found.confidence) < len(same.confidence) / 2


def test_blocks_without_data_are_left_out() -> None:
    rgb, thermal, valid = near_object(4, 0)
    valid[:, :LEFT] = False
    found = residual_shifts(rgb, thermal, valid)
    assert len(found.confidence) and found.centres_px[:, 0].min() > LEFT + 24
    none = residual_shifts(rgb, thermal, np.zeros_like(valid))
    assert none.lengths_px.shape == (0,) and none.centres_px.shape == (0, 2)


def test_flat_and_small_images_have_no_blocks() -> None:
    rgb, thermal = scene(4)
    valid = np.ones(thermal.shape, np.bool_)
    for one, other in ((np.zeros_like(rgb), thermal), (rgb, np.full_like(thermal, 255))):
        assert residual_shifts(one, other, valid).lengths_px.size == 0
    for side in (1, 16, 63):
        small = residual_shifts(rgb[:side, :side], thermal[:side, :side], valid[:side, :side])
        assert small.lengths_px.size == 0
