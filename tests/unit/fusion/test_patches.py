"""Masks for the teacher: rectangles, regions of labels, and copies of the whole."""

import numpy as np
import pytest

from twinband.fusion.patches import Crop, choice_of, filled_up

LABELS = np.zeros((40, 60), np.uint8)
LABELS[5:10, 5:10] = 2
LABELS[20:35, 20:50] = 1
LABELS[0:3, 50:60] = 1
CROP = Crop("a", 0, 0, 40, 60, LABELS)


def test_rectangles_are_random_and_repeatable() -> None:
    choose = choice_of("random", None, 4, "union")
    first, second = choose(CROP, np.random.default_rng(0))
    again, _ = choose(CROP, np.random.default_rng(0))
    assert first.shape == (4, 40, 60) and (first == second).all() and (first == again).all()
    assert all(0.03 < mask.mean() < 0.45 for mask in first)


def test_regions_of_labels_come_largest_first() -> None:
    masks, _ = choice_of("labels", None, 2, "union")(CROP, np.random.default_rng(0))
    assert [int(mask.sum()) for mask in masks] == [15 * 30, 3 * 10]
    none, _ = choice_of("labels", None, 2, "union")(
        Crop("a", 0, 0, 40, 60, None), np.random.default_rng(0)
    )
    assert none.shape == (0, 40, 60)
    assert filled_up(none, 2, (40, 60)).all()


def test_masks_of_sam_need_a_product() -> None:
    with pytest.raises(ValueError, match="need a product"):
        choice_of("sam", None, 2, "union")
