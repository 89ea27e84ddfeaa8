import math

import numpy as np

from tests.unit.registration.scenes import displaced, scene
from twinband.registration.apply import resampled
from twinband.registration.fields import is_flat, orientation_field
from twinband.registration.quality import Evidence, Options, correlation, judge
from twinband.registration.similarity import (
    Frame,
    Similarity,
    corner_error_px,
    grid_change,
    transformed,
)

STILL = Similarity(0.0, 0.0, 0.0, 0.0)
MOTION = Similarity(3.0, -2.0, 0.03, 0.04)


def test_the_field_is_blind_to_contrast_reversal() -> None:
    grey = scene(0)[1].astype(np.float32)
    field, reversed_field = orientation_field(grey), orientation_field(255 - grey)
    np.testing.assert_allclose(field, reversed_field, atol=1e-3)
    assert correlation(field, field, STILL) > 0.999


def test_a_vertical_edge_has_angle_zero_and_a_horizontal_one_the_opposite_sign() -> None:
    vertical = np.zeros((60, 60), np.float32)
    vertical[:, 30:] = 100
    field = orientation_field(vertical)[30, 29]
    other = orientation_field(np.ascontiguousarray(vertical.T))[29, 30]
    assert field[0] > 1 and abs(field[1]) < 1e-3
    np.testing.assert_allclose(other, -field, atol=1e-3)


def test_orientations_turn_along_with_the_pixels() -> None:
    thermal = scene(0)[1]
    motion = Similarity(0.0, 0.0, math.radians(20), 0.0)
    moved, _ = displaced(thermal, motion)
    field = orientation_field(thermal.astype(np.float32))
    turned = orientation_field(moved.astype(np.float32))
    assert correlation(turned, field, motion) > 0.7
    assert correlation(turned, field, STILL) < 0.3


def test_no_overlap_is_no_correlation() -> None:
    field = orientation_field(scene(0)[1].astype(np.float32))
    assert correlation(field, field, Similarity(250.0, 0.0, 0.0, 0.0)) == 0.0


def test_inverse_and_zoom_agree_with_matrices() -> None:
    frame = Frame(64, 48)
    round_trip = MOTION.inverse().matrix(frame) @ MOTION.matrix(frame)
    np.testing.assert_allclose(round_trip, np.eye(3), atol=1e-12)
    large = Frame(128, 96)
    change = grid_change(frame, large)
    np.testing.assert_allclose(
        MOTION.zoomed(2).matrix(large), change @ MOTION.matrix(frame) @ np.linalg.inv(change)
    )


def test_grid_change_keeps_the_borders_of_the_view() -> None:
    change = grid_change(Frame(10, 20), Frame(30, 10))
    outer = transformed(change, np.array([(-0.5, -0.5), (9.5, 19.5)]))
    np.testing.assert_allclose(outer, [(-0.5, -0.5), (29.5, 9.5)])
    assert corner_error_px(change, change, Frame(10, 20)) == 0.0


def verdict(**changes: object) -> tuple[str, str]:
    usual: dict[str, object] = {
        "motion": MOTION,
        "motion_px": 6.0,
        "score": 0.2,
        "score_before": 0.05,
        "forward_backward_px": 0.5,
    }
    return judge(Evidence(**{**usual, **changes}), Options())  # type: ignore[arg-type]


def test_the_rule() -> None:
    assert verdict() == ("accepted", "")
    assert verdict(score=0.14) == ("failed", "low_score")
    assert verdict(forward_backward_px=3.9) == ("accepted", "")
    assert verdict(forward_backward_px=4.1) == ("failed", "forward_backward_disagree")
    assert verdict(score=0.6, forward_backward_px=6.1) == ("failed", "forward_backward_disagree")
    assert verdict(score_before=0.195) == ("failed", "no_gain")
    assert verdict(motion_px=1.4, score_before=0.16) == (
        "already_aligned",
        "motion_below_threshold",
    )
    assert verdict(motion_px=1.4) == ("accepted", "")
    for motion in (
        Similarity(31.0, 0.0, 0.0, 0.0),
        Similarity(0.0, -31.0, 0.0, 0.0),
        Similarity(0.0, 0.0, math.radians(-3.1), 0.0),
        Similarity(0.0, 0.0, 0.0, math.log(1.09)),
        Similarity(0.0, 0.0, 0.0, math.log(0.91)),
    ):
        assert verdict(motion=motion) == ("failed", "motion_out_of_range")


def test_compression_noise_is_flat_but_small_thermal_counts_are_not() -> None:
    generator = np.random.default_rng(0)
    assert is_flat(generator.integers(0, 4, (50, 50)).astype(np.uint8))
    assert not is_flat((7000 + generator.integers(0, 4, (50, 50))).astype(np.uint16))


def test_warping_keeps_depth_and_marks_where_thermal_has_no_data() -> None:
    thermal = np.full((40, 60), 50_000, np.uint16)
    shift = np.array([(1.0, 0.0, 5.0), (0.0, 1.0, -3.0), (0.0, 0.0, 1.0)])
    moved, valid = resampled(thermal, shift, 60, 40)
    expected = np.zeros((40, 60), bool)
    expected[:37, 5:] = True
    np.testing.assert_array_equal(valid, expected)
    assert moved.dtype == np.uint16
    np.testing.assert_array_equal(moved, np.where(expected, 50_000, 0))


def test_labels_are_never_mixed() -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 30:] = 9
    half = np.array([(1.0, 0.0, 0.4), (0.0, 1.0, 0.3), (0.0, 0.0, 1.0)])
    moved, _ = resampled(labels, half, 60, 40, labels=True)
    assert set(np.unique(moved)) == {0, 9}
    mixed, _ = resampled(labels, half, 60, 40)
    assert not set(np.unique(mixed)) <= {0, 9}
