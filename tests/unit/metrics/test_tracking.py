"""Scores of trackers on built boxes, by the rules of spec/benchmarks.md B.7."""

import numpy as np
import pytest

from tests.made.known_scores import walk
from twinband.metrics.tracking import (
    NO_TARGET,
    Track,
    better_track,
    from_corners,
    from_edges,
    gtot_precision,
    gtot_success,
    lasher_track,
    normalised_precision,
    precision,
    success,
    track,
)


def moved(x: float, y: float = 0) -> np.ndarray:
    return walk() + np.array([x, y, 0, 0])


def test_perfect_tracker_has_20_of_21_since_no_overlap_is_above_one() -> None:
    perfect = [track(walk(), walk())]
    assert success(perfect) == pytest.approx(100 * 20 / 21)
    assert precision(perfect) == 100
    assert gtot_success(perfect) == pytest.approx(97.5)
    assert gtot_precision(perfect) == 100


def test_precision_takes_20_pixels_and_gtot_does_not_take_5() -> None:
    assert precision([track(moved(20), walk())]) == 100
    assert precision([track(moved(20.5), walk())]) == 0
    assert gtot_precision([track(moved(5), walk())]) == 0
    assert gtot_precision([track(moved(4), walk())]) == 100


def test_overlap_is_of_whole_boxes() -> None:
    half = track(moved(10), walk())  # 10 of 20 columns shared: 100 of 300 pixels
    assert half.overlap == pytest.approx(1 / 3)
    assert track(moved(100), walk()).overlap == pytest.approx(0)
    assert success([half]) == pytest.approx(100 * 7 / 21)


def test_overlap_of_exactly_a_threshold_is_decided_in_single_precision() -> None:
    """3/5 in single precision is above 0.6, as the toolkit behind the published tables finds."""
    result, truth = np.array([[0.0, 0, 6, 10]]), np.array([[0.0, 0, 10, 10]])
    assert success([track(result, truth)]) == pytest.approx(100 * 13 / 21)


def test_centre_is_that_of_the_box_not_its_corner() -> None:
    larger = walk() + np.array([-5, -5, 10, 10])
    assert track(larger, walk()).distance == pytest.approx(0)


def test_normalised_error_is_in_widths_and_heights() -> None:
    assert track(moved(4), walk()).normalised == pytest.approx(0.2)
    assert track(moved(0, 4), walk()).normalised == pytest.approx(0.4)
    assert normalised_precision([track(moved(3.9), walk())]) == 100
    assert normalised_precision([track(moved(0, 3.9), walk())]) == 0


def test_normalised_error_is_compared_in_double_precision() -> None:
    """0.2 in single precision is above 0.2, as the toolkit behind the published tables finds."""
    errors = np.array([0.2, 0.1], np.float32)
    assert normalised_precision([Track(errors, errors, errors)]) == 50


def test_better_camera_counts_frame_by_frame() -> None:
    visible, infrared = walk(), walk()
    visible[:4, 0] += 50
    infrared[4:, 0] += 50
    both = better_track(walk(), visible, infrared)
    assert precision([both]) == 100
    assert success([both]) == pytest.approx(100 * 20 / 21)
    assert precision([track(walk(), visible)]) == 50


def test_sequences_weigh_alike_but_in_gtot_frames_do() -> None:
    tracks = [track(walk(24), walk(24)), track(moved(90), walk())]
    assert precision(tracks) == 50
    assert gtot_precision(tracks) == 75


def test_corners_and_edges_have_no_pixel_added() -> None:
    assert from_corners(np.array([[3.0, 4, 13, 4, 13, 24, 3, 24]])).tolist() == [[3, 4, 10, 20]]
    assert from_edges(np.array([[3.0, 4, 13, 24]])).tolist() == [[3, 4, 10, 20]]


def test_lasher_frames_without_target_succeed_in_precision_and_fail_in_success() -> None:
    truth = walk()
    truth[4:, 2:] = 0
    found = lasher_track(walk(), truth)
    assert (found.distance[4:] == NO_TARGET).all()
    far = lasher_track(moved(200), truth)
    assert precision([far]) == normalised_precision([far]) == pytest.approx(100 * 5 / 8)
    assert success([found]) == pytest.approx(100 * 4 / 8 * 20 / 21)


def test_lasher_takes_any_value_of_zero_for_no_target() -> None:
    truth = walk()
    truth[3, 0] = 0  # the box touches the left edge; the benchmark's rule is what it is
    assert lasher_track(walk(), truth).overlap[3] == NO_TARGET


def test_lasher_replaces_the_first_frame_and_boxes_without_area() -> None:
    result = walk()
    result[0] = [400, 400, 5, 5]
    result[3:5, 2] = 0
    found = lasher_track(result, walk())
    assert found.distance[0] == 0
    assert found.distance[3] == pytest.approx(np.hypot(2, 1))  # the box of frame 2
    assert found.distance[4] == pytest.approx(np.hypot(4, 2))
    assert found.distance[5] == 0
    assert result[0].tolist() == [400, 400, 5, 5], "the argument was changed"


def test_frames_without_a_box_are_misses_in_every_benchmark() -> None:
    result = walk()
    result[4:] = np.nan
    for found in (track(result, walk()), better_track(result, walk(), walk())):
        assert precision([found]) == gtot_precision([found]) == 50
        assert success([found]) == pytest.approx(50 * 20 / 21)
    assert precision([lasher_track(result, walk())]) == 50


def test_no_sequences_have_no_score() -> None:
    for rate in (precision, success, normalised_precision, gtot_precision, gtot_success):
        assert np.isnan(rate([]))
