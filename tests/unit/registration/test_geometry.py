"""Resampling onto another grid: values, validity, labels and boxes."""

import math

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from twinband.registration.geometry import (
    Frame,
    Similarity,
    grid_change,
    inverted,
    moved_box,
    resampled,
)

NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_an_integer_shift_keeps_every_value_and_marks_what_has_none(
    kind: type, channels: tuple[int, ...]
) -> None:
    levels = NOISE.integers(1, 256, (40, 60, *channels))
    image = levels.astype(kind) * kind(1 if kind == np.uint8 else 257)
    moved, valid = resampled(image, shift(7, -3), 60, 40)
    assert moved.dtype == kind and moved.shape == image.shape
    np.testing.assert_array_equal(moved[:37, 7:], image[3:, :53])
    expected = np.zeros((40, 60), bool)
    expected[:37, 7:] = True
    np.testing.assert_array_equal(valid, expected)
    assert valid.dtype == np.bool_ and not moved[~valid].any()


@pytest.mark.parametrize(("width", "height"), [(32, 24), (128, 96), (64, 30), (200, 48), (37, 91)])
def test_a_mere_change_of_size_leaves_no_pixel_without_data(width: int, height: int) -> None:
    image = np.full((48, 64), 41_000, np.uint16)
    matrix = grid_change(Frame(64, 48), Frame(width, height))
    moved, valid = resampled(image, matrix, width, height)
    assert valid.all() and moved.shape == (height, width)
    assert (moved == 41_000).all()


def test_the_edge_of_the_data_is_not_darkened() -> None:
    bright = np.full((40, 60), 200, np.uint8)
    matrix = Similarity(3.4, -2.6, math.radians(2), 0.03).matrix(Frame(60, 40))
    moved, valid = resampled(bright, matrix, 60, 40)
    assert 0.8 < valid.mean() < 1
    assert (moved[valid] == 200).all() and not moved[~valid].any()


def test_a_pixel_is_valid_if_its_centre_lies_on_the_image() -> None:
    image = np.full((20, 20), 9, np.uint8)
    for x, first in ((0.5, 0), (0.51, 1), (1.4, 1), (1.6, 2)):
        _, valid = resampled(image, shift(x, 0), 20, 20)
        np.testing.assert_array_equal(valid, np.tile(np.arange(20) >= first, (20, 1)))


def test_labels_stay_the_classes_that_they_were() -> None:
    classes = np.array([0, 3, 200], np.uint8)[NOISE.integers(0, 3, (40, 60))]
    matrix = Similarity(2.3, 1.7, 0.1, -0.4).matrix(Frame(60, 40))
    moved, valid = resampled(classes, matrix, 60, 40, labels=True)
    assert set(np.unique(moved[valid])) == {0, 3, 200}
    blended, _ = resampled(classes, matrix, 60, 40)
    assert len(np.unique(blended)) > 3


def test_a_coarser_grid_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 240], np.uint8), (96, 48))
    matrix = grid_change(Frame(96, 96), Frame(32, 32))
    moved, _ = resampled(stripes, matrix, 32, 32)
    assert abs(moved.astype(float) - 120).max() < 40  # nearest or linear alone: 0 to 240


def test_what_lies_behind_the_camera_has_no_data() -> None:
    image = np.full((40, 60), 9, np.uint8)
    # Its horizon stands at x = 35; left of it the same formula gives mirrored places.
    tilted = np.array([(1.0, 0.0, -45.0), (0.0, 1.0, 0.0), (0.1, 0.0, -3.5)])
    moved, valid = resampled(image, inverted(tilted), 60, 40)
    assert not valid[:, :36].any() and not moved[:, :36].any()
    assert valid[:, 45:].any() and (moved[valid] == 9).all()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([10, 5, 20, 15], [14, 2, 24, 12]),
        ([50, 5, 60, 15], [54, 2, 60, 12]),
        ([10, 0, 20, 8], [14, 0, 24, 5]),
        ([0, 0, 60, 40], [4, 0, 60, 37]),
        ([56, 5, 60, 15], None),
        ([10, 0, 20, 3], None),
    ],
)
def test_boxes_move_and_are_cut_to_the_grid(box: list[float], expected: list[float] | None) -> None:
    assert moved_box(box, shift(4, -3), 60, 40) == expected


def test_boxes_count_from_the_edge_of_the_first_pixel() -> None:
    twice = grid_change(Frame(30, 20), Frame(60, 40))
    found = moved_box([1, 2, 3, 6], twice, 60, 40)
    assert found == pytest.approx([2, 4, 6, 12])
    assert moved_box([0, 0, 30, 20], twice, 60, 40) == pytest.approx([0, 0, 60, 40])


def test_a_turned_box_is_enclosed_by_an_upright_one() -> None:
    quarter = Similarity(0.0, 0.0, math.pi / 2, 0.0).matrix(Frame(40, 40))
    assert moved_box([10, 18, 30, 22], quarter, 40, 40) == pytest.approx([18, 10, 22, 30])
    eighth = Similarity(0.0, 0.0, math.pi / 4, 0.0).matrix(Frame(40, 40))
    half = 10 * math.sqrt(2)
    expected = [20 - half, 20 - half, 20 + half, 20 + half]
    assert moved_box([10, 10, 30, 30], eighth, 40, 40) == pytest.approx(expected)
