"""Segmentation scores against numbers worked out by hand."""

import numpy as np
import pytest

from twinband.metrics.segmentation import (
    class_accuracy,
    class_iou,
    confusion_matrix,
    mean_accuracy,
    mean_iou,
)

TRUTH = np.array([[0, 0, 0, 1], [1, 2, 2, 255]], np.uint8)
PREDICTION = np.array([[0, 0, 1, 1], [1, 2, 0, 3]], np.uint8)
COUNTS = np.array([[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])


def test_counts_by_hand_without_void() -> None:
    assert np.array_equal(confusion_matrix(TRUTH, PREDICTION, 4, ignore=255), COUNTS)


def test_scores_by_hand() -> None:
    # class 0: 2 / (2 + 1 missed + 1 false), 1: 2 / (2 + 1 false), 2: 1 / (1 + 1 missed), 3: nowhere
    assert class_iou(COUNTS) == pytest.approx([2 / 4, 2 / 3, 1 / 2, np.nan], nan_ok=True)
    assert class_accuracy(COUNTS) == pytest.approx([2 / 3, 1, 1 / 2, np.nan], nan_ok=True)
    assert mean_iou(COUNTS) == pytest.approx((2 / 4 + 2 / 3 + 1 / 2) / 3)
    assert mean_accuracy(COUNTS) == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)


def test_a_class_that_is_only_predicted_counts_as_0() -> None:
    counts = confusion_matrix(np.zeros(4, int), np.array([0, 0, 0, 1]), 3)
    assert class_iou(counts) == pytest.approx([3 / 4, 0, np.nan], nan_ok=True)
    assert mean_iou(counts) == pytest.approx(3 / 8)
    assert class_accuracy(counts) == pytest.approx([3 / 4, np.nan, np.nan], nan_ok=True)
    assert mean_accuracy(counts) == pytest.approx(3 / 4)


def test_a_set_is_added_up_before_it_is_divided() -> None:
    small = confusion_matrix(np.array([1]), np.array([1]), 2)
    large = confusion_matrix(np.ones(99, int), np.zeros(99, int), 2)
    assert class_iou(small + large)[1] == pytest.approx(0.01)


def test_many_confusions_at_once() -> None:
    stack = np.stack([COUNTS, np.zeros_like(COUNTS), COUNTS * 3])
    assert mean_iou(stack) == pytest.approx([5 / 9, np.nan, 5 / 9], nan_ok=True)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0, 4], [0, 0], r"truth holds \[4\], not ids 0 to 3"),
        ([0, 0], [0, -1], r"prediction holds \[-1\]"),
        ([0, 0], [0], "differ in shape"),
    ],
)
def test_what_is_no_class_is_refused(truth: list[int], prediction: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(np.array(truth), np.array(prediction), 4)
