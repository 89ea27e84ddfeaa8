"""Crops: bounds, geometry shared by the modalities, shifts, degenerate images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.core.views import render
from twinband.training.augment import draw_view


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_crops_cover_the_stated_areas_and_aspects_evenly() -> None:
    views = [draw_view(generator(seed), (300, 300), (300, 300), 0) for seed in range(2000)]
    boxes = np.array([view.rgb for view in views])
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    areas, aspects = widths * heights / 90_000, widths / heights
    assert 0.19 < areas.min() < 0.21 and 0.97 < areas.max() <= 1
    assert 0.74 < aspects.min() < 0.77 and 1.3 < aspects.max() < 1.35
    assert abs(np.log(aspects).mean()) < 0.015
    # Great crops of extreme aspect do not fit and are drawn again, so the mean is below 0.6.
    assert 0.52 < areas.mean() < 0.59
    assert 0.45 < np.mean([view.flip for view in views]) < 0.55


def test_both_modalities_show_the_same_part_of_the_scene() -> None:
    for seed in range(200):
        view = draw_view(generator(seed), (400, 300), (100, 60), 0)
        relative = [view.rgb[0] / 400, view.rgb[1] / 300, view.rgb[2] / 400, view.rgb[3] / 300]
        other = [view.thermal[0] / 100, view.thermal[1] / 60, view.thermal[2] / 100]
        assert [*other, view.thermal[3] / 60] == pytest.approx(relative)
        assert view == draw_view(generator(seed), (400, 300), (100, 60), 0)


def test_equal_pixels_give_equal_views() -> None:
    pixels = generator(0).integers(0, 256, (60, 80), np.uint8)
    for seed in range(50):
        view = draw_view(generator(seed), (80, 60), (80, 60), 0)
        rgb = render(np.repeat(pixels[..., None], 3, 2), view.rgb, view.flip, 32)
        thermal = render(pixels, view.thermal, view.flip, 32)
        assert all(np.array_equal(rgb[..., channel], thermal) for channel in range(3))


def test_the_shift_reaches_its_bound_and_never_leaves_the_image() -> None:
    shifts = set()
    for seed in range(2000):
        view = draw_view(generator(seed), (120, 90), (120, 90), 4)
        plain = draw_view(generator(seed), (120, 90), (120, 90), 0)
        assert (view.rgb, view.flip) == (plain.rgb, plain.flip)
        shift = (view.thermal[0] - view.rgb[0], view.thermal[1] - view.rgb[1])
        assert max(map(abs, shift)) <= 4
        shifts.add(shift)
        assert view.thermal[0] >= 0 and view.thermal[2] <= 120
        assert view.thermal[1] >= 0 and view.thermal[3] <= 90
        size = (view.thermal[2] - view.thermal[0], view.thermal[3] - view.thermal[1])
        assert size == (view.rgb[2] - view.rgb[0], view.rgb[3] - view.rgb[1])
    assert len(shifts) == 81  # every shift of -4 to 4 both ways


@settings(max_examples=200, deadline=None)
@given(
    rgb=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    thermal=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    shift=st.integers(0, 100),
    seed=st.integers(0, 2**63 - 1),
)
def test_images_of_any_size_give_a_view(
    rgb: tuple[int, int], thermal: tuple[int, int], shift: int, seed: int
) -> None:
    view = draw_view(generator(seed), rgb, thermal, shift)
    for (width, height), box in ((rgb, view.rgb), (thermal, view.thermal)):
        pixels = np.full((height, width), 77, np.uint8)
        assert (render(pixels, box, view.flip, 8) == 77).all()
