"""VOC's average precision by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from twinband.metrics.voc import (
    Detections,
    Truth,
    average_precision,
    average_precisions,
    box_iou,
    inclusive_iou,
    outcomes,
)

Boxes = Sequence[Sequence[float]]


def truth(image: list[int], boxes: Boxes, difficult: list[bool] | None = None) -> Truth:
    return Truth(
        np.array(image),
        np.array(boxes, np.float64),
        np.array(difficult or [False] * len(image), np.bool_),
    )


def found(image: list[int], boxes: Boxes, scores: list[float]) -> Detections:
    table = np.array(boxes, np.float64).reshape(-1, 4)
    return Detections(np.array(image, np.int64), table, np.array(scores))


def test_both_variants_by_hand() -> None:
    # right, wrong, right, of 4 boxes: precision 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2
    ranked = np.array([1, 0, 1], np.int8)
    assert average_precision(ranked, 4, "area") == pytest.approx(1 / 4 + 2 / 3 / 4)
    # recalls 0, 0.1 and 0.2 see 1; 0.3, 0.4 and 0.5 see 2/3; the rest 0
    assert average_precision(ranked, 4, "11-point") == pytest.approx((3 + 3 * 2 / 3) / 11)


def test_the_envelope_is_monotone() -> None:
    ranked = np.array([0, 1, 1], np.int8)  # precision 0, 1/2, 2/3
    assert average_precision(ranked, 2, "area") == pytest.approx(2 / 3)


def test_one_box_once_and_the_best_score_first() -> None:
    boxes = found([0, 0, 0], [(0, 0, 10, 10), (0, 0, 10, 10), (50, 50, 60, 60)], [0.5, 0.9, 0.7])
    assert outcomes(truth([0], [(0, 0, 10, 10)]), boxes, box_iou).tolist() == [1, 0, 0]


def test_a_second_detection_does_not_take_the_next_box() -> None:
    """The kit looks at the box that overlaps most, taken or not."""
    true = truth([0, 0], [(0, 0, 10, 10), (0, 3, 10, 13)])
    boxes = found([0, 0], [(0, 0, 10, 10), (0, 1, 10, 11)], [0.9, 0.8])
    assert outcomes(true, boxes, box_iou).tolist() == [1, 0]


def test_an_overlap_of_exactly_a_half_is_enough() -> None:
    true = truth([0], [(0, 0, 10, 10)])
    assert outcomes(true, found([0], [(0, 0, 10, 5)], [1]), box_iou).tolist() == [1]
    assert outcomes(true, found([0], [(0, 0, 10, 4.9)], [1]), box_iou).tolist() == [0]


def test_difficult_boxes_are_left_out() -> None:
    true = truth([0, 1], [(0, 0, 10, 10), (0, 0, 10, 10)], [True, False])
    boxes = found([0, 0, 1], [(0, 0, 10, 10)] * 3, [0.9, 0.8, 0.7])
    assert outcomes(true, boxes, box_iou).tolist() == [-1, -1, 1]
    assert average_precisions(true, boxes) == {"area": 1, "11-point": 1}


def test_images_are_kept_apart() -> None:
    true = truth([3, 1], [(0, 0, 10, 10), (0, 0, 10, 10)])
    boxes = found([1, 2, 3], [(0, 0, 10, 10)] * 3, [0.1, 0.2, 0.3])
    assert outcomes(true, boxes, box_iou).tolist() == [1, 0, 1]


def test_nothing() -> None:
    none = found([], [], [])
    assert average_precisions(truth([0], [(0, 0, 9, 9)]), none) == {"area": 0, "11-point": 0}
    only_difficult = truth([0], [(0, 0, 9, 9)], [True])
    assert np.isnan(average_precisions(only_difficult, none)["area"])


def test_overlaps_by_hand() -> None:
    first, second = np.array([[0, 0, 10, 10.0]]), np.array([[5, 0, 15, 10.0], [20, 20, 30, 30]])
    np.testing.assert_allclose(box_iou(first, second), [[50 / 150, 0]])
    np.testing.assert_allclose(inclusive_iou(first, second), [[66 / (121 + 121 - 66), 0]])
    assert box_iou(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0]]
