"""Agreement of two labels of one image."""

import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.annotators.labellers._base import Depth, Semantics
from twinband.annotators.pseudo_labels.consistency import consistency, mirrored

VALUES = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]], np.float32)


def semantics(classes: NDArray[np.integer]) -> Semantics:
    return Semantics(classes, np.ones(classes.shape, np.float32), ("a", "b"))


def test_classes_agree_by_the_share_of_equal_pixels() -> None:
    first = semantics(np.array([[0, 1], [1, 1]]))
    assert consistency(first, semantics(np.array([[0, 1], [1, 0]]))) == 0.75
    assert consistency(first, first) == 1


def test_depth_agrees_by_the_mean_difference() -> None:
    first, second = Depth(VALUES, True, 10.0), Depth(VALUES + 0.5, True, 10.0)
    mean = (VALUES.mean() + (VALUES + 0.5).mean()) / 2
    assert consistency(first, second) == pytest.approx(1 - 0.5 / mean)
    assert consistency(first, first) == 1
    assert consistency(first, Depth(VALUES * 100, True, 10.0)) == 0  # never below


def test_an_unknown_scale_does_not_count() -> None:
    assert consistency(Depth(VALUES, True), Depth(VALUES * 7, True)) == pytest.approx(1)
    assert consistency(Depth(VALUES, True, 1.0), Depth(VALUES * 7, True, 1.0)) < 0.5
    nothing = Depth(np.zeros_like(VALUES), True)
    assert consistency(nothing, nothing) == 1
    assert consistency(Depth(VALUES, True), nothing) == 0


def test_a_mirrored_label_is_laid_over_the_image() -> None:
    turned = mirrored(Depth(VALUES, True))
    assert isinstance(turned, Depth)
    np.testing.assert_array_equal(turned.values, VALUES[:, ::-1])
    classes = np.array([[0, 1, 1]])
    assert consistency(semantics(classes), mirrored(semantics(classes[:, ::-1]))) == 1
    assert consistency(semantics(classes), mirrored(semantics(classes))) == pytest.approx(1 / 3)
