"""The union of boxes that are annotated on RGB and on thermal."""

import numpy as np

from twinband.metrics.paired import either_iou, match, union


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float64).reshape(-1, 4)


def test_a_moved_box_is_the_same_object() -> None:
    found = union(boxes((10, 10, 30, 60)), boxes((14, 12, 34, 62)))
    assert found.boxes.tolist() == [[10, 10, 34, 62]]
    assert not found.single.any()


def test_who_stands_alone_is_single() -> None:
    rgb, thermal = boxes((10, 10, 30, 60), (200, 10, 220, 60)), boxes((400, 10, 420, 60))
    found = union(rgb, thermal)
    assert found.boxes.tolist() == [*rgb.tolist(), *thermal.tolist()]
    assert found.single.all()
    assert np.isnan(found.thermal[:2]).all() and np.isnan(found.rgb[2]).all()


def test_near_centres_match_without_an_overlap() -> None:
    flat, below = (0.0, 0.0, 40.0, 4.0), (0.0, 5.0, 40.0, 9.0)
    assert match(boxes(flat), boxes(below)) == [(0, 0)]  # 5 px apart, below half of 40
    assert match(boxes(flat), boxes((0, 25, 40, 29))) == []


def test_the_greatest_sum_of_overlaps_wins_not_the_nearest_pair() -> None:
    """Everybody is shifted by half a step: taking the best pair first would leave two alone."""
    rgb = boxes((0, 0, 20, 40), (14, 0, 34, 40))
    thermal = boxes((12, 0, 32, 40), (30, 0, 50, 40))
    assert match(rgb, thermal) == [(0, 0), (1, 1)]


def test_one_to_one() -> None:
    assert len(match(boxes((0, 0, 20, 40)), boxes((0, 0, 20, 40), (1, 0, 21, 40)))) == 1
    assert match(boxes((0, 0, 20, 40)), boxes((1, 0, 21, 40), (0, 0, 20, 40))) == [(0, 1)]


def test_nobody() -> None:
    assert union(boxes(), boxes()).boxes.shape == (0, 4)
    assert union(boxes(), boxes((0, 0, 1, 1))).single.tolist() == [True]


def test_either_box_will_do() -> None:
    found = union(boxes((0, 0, 20, 40), (100, 0, 120, 40)), boxes((8, 0, 28, 40)))
    objects = np.hstack([found.rgb, found.thermal])
    overlaps = either_iou(boxes((0, 0, 20, 40), (8, 0, 28, 40), (100, 0, 120, 40)), objects)
    np.testing.assert_allclose(overlaps, [[1, 0], [1, 0], [0, 1]])
