"""Overlaps of rotated boxes, by hand, against upright boxes and against a fine raster."""

import numpy as np
import pytest

from twinband.metrics.rotated import corners, is_convex, rotated_iou
from twinband.metrics.voc import Detections, Truth, average_precisions, box_iou


def boxes(*rows: tuple[float, float, float, float, float]) -> np.ndarray:
    return corners(np.array(rows))


def random_boxes(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    places, sizes = rng.uniform(0, 40, (count, 2)), rng.uniform(4, 30, (count, 2))
    return np.hstack([places, sizes, rng.uniform(-np.pi, np.pi, (count, 1))])


def test_corners_go_around() -> None:
    np.testing.assert_allclose(boxes((10, 20, 4, 2, 0)), [[8, 19, 12, 19, 12, 21, 8, 21]])
    turned = boxes((10, 20, 4, 2, np.pi / 2))
    np.testing.assert_allclose(turned, [[11, 18, 11, 22, 9, 22, 9, 18]], atol=1e-12)


def test_a_square_and_its_diamond() -> None:
    """The intersection is a regular octagon of inradius 1: 8 (√2 - 1)."""
    shared = 8 * (np.sqrt(2) - 1)
    found = rotated_iou(boxes((0, 0, 2, 2, 0)), boxes((0, 0, 2, 2, np.pi / 4)))
    assert found[0, 0] == pytest.approx(shared / (8 - shared), abs=1e-12)


def test_upright_boxes_overlap_as_boxes_do() -> None:
    rows = random_boxes(30, 0)
    rows[:, 4] = 0
    plain = np.hstack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2])
    np.testing.assert_allclose(
        rotated_iou(corners(rows), corners(rows[::-1])), box_iou(plain, plain[::-1]), atol=1e-12
    )


def test_it_is_the_share_of_a_fine_raster() -> None:
    first, second = corners(random_boxes(12, 1)), corners(random_boxes(12, 2))
    grid = np.stack(np.meshgrid(*[np.arange(-30, 70, 0.1)] * 2), -1)

    def inside(box: np.ndarray) -> np.ndarray:
        points = box.reshape(4, 2)
        edges = np.roll(points, -1, 0) - points
        offsets = [grid - point for point in points]
        sides = [e[0] * o[..., 1] - e[1] * o[..., 0] for e, o in zip(edges, offsets, strict=True)]
        return np.asarray(np.min(sides, 0) >= 0)

    masks = [[inside(box) for box in part] for part in (first, second)]
    expected = [[(a & b).sum() / (a | b).sum() for b in masks[1]] for a in masks[0]]
    np.testing.assert_allclose(rotated_iou(first, second), expected, atol=0.01)


def test_itself_either_way_around_and_far_away() -> None:
    found = boxes((1000, 2000, 30, 10, 0.3))
    backwards = found.reshape(4, 2)[::-1].reshape(1, 8)
    assert rotated_iou(found, found)[0, 0] == pytest.approx(1, abs=1e-9)
    assert rotated_iou(found, backwards)[0, 0] == pytest.approx(1, abs=1e-9)
    assert rotated_iou(found, boxes((0, 0, 30, 10, 0.3)))[0, 0] == 0


def test_a_box_without_area_overlaps_nothing() -> None:
    flat = np.zeros((1, 8))
    assert rotated_iou(flat, flat)[0, 0] == 0
    assert rotated_iou(np.zeros((0, 8)), flat).shape == (0, 1)


def test_rotated_ap50() -> None:
    true = Truth(np.array([0]), boxes((50, 50, 60, 6, 0.5)), np.array([False]))
    same = Detections(np.array([0]), boxes((51, 50, 60, 6, 0.5)), np.array([0.5]))
    across = Detections(np.array([0]), boxes((50, 50, 60, 6, -0.5)), np.array([0.5]))
    assert average_precisions(true, same, rotated_iou)["area"] == 1
    assert average_precisions(true, across, rotated_iou)["area"] == 0


def test_convex_or_not() -> None:
    assert is_convex(boxes((0, 0, 3, 2, 1))[0])
    assert is_convex(boxes((0, 0, 3, 2, 1))[0].reshape(4, 2)[::-1].ravel())
    assert not is_convex(np.array([0, 0, 4, 0, 1, 1, 0, 4.0]))  # dented
    assert not is_convex(np.array([0, 0, 1, 1, 1, 0, 0, 1.0]))  # crossing itself
