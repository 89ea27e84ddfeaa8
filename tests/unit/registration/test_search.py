"""The search over fields, and the rule that judges its estimate."""

import math

import numpy as np

from tests.made.scenes import displaced, scene
from twinband.registration.fields import is_flat, orientation_field
from twinband.registration.geometry import (
    Frame,
    Similarity,
    corner_error_px,
    grid_change,
    resampled,
    rotation,
    transformed,
)
from twinband.registration.quality import Evidence, Options, correlation, judge, prominence

FRAME = Frame(320, 200)
MOTION = Similarity(3.0, -2.0, 0.03, 0.04)


def test_the_field_is_blind_to_contrast_reversal() -> None:
    grey = scene(0)[1].astype(np.float32)
    field, reversed_field = orientation_field(grey), orientation_field(255 - grey)
    np.testing.assert_allclose(field, reversed_field, atol=1e-3)
    assert correlation(field, field, np.eye(3)) > 0.999


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
    assert correlation(turned, field, motion.matrix(FRAME)) > 0.7
    assert correlation(turned, field, np.eye(3)) < 0.3


def test_no_overlap_is_no_correlation() -> None:
    field = orientation_field(scene(0)[1].astype(np.float32))
    assert correlation(field, field, Similarity(250.0, 0.0, 0.0, 0.0).matrix(FRAME)) == 0.0


def test_a_fitting_pair_stands_out_from_other_shifts_and_a_wrong_one_does_not() -> None:
    rgb, thermal = (image.astype(np.float32) for image in scene(0))
    fixed = orientation_field(rgb[..., 1])
    right, wrong = orientation_field(thermal), orientation_field(np.flip(thermal, 1).copy())
    shift = np.array([(1.0, 0.0, 9.0), (0.0, 1.0, -7.0), (0.0, 0.0, 1.0)])
    assert prominence([fixed], [right], np.eye(3)) > 6
    assert prominence([fixed], [right], shift) < 4
    assert prominence([fixed], [wrong], np.eye(3)) < 4
    blank = np.zeros_like(fixed)
    assert prominence([fixed], [blank], np.eye(3)) == 0.0


def test_fine_texture_without_a_common_angle_is_weaker_than_an_edge() -> None:
    grey = np.random.default_rng(0).normal(100, 20, (80, 160)).astype(np.float32)
    grey[:, :80] = 60
    grey[:, 40:80] = 140
    strength = np.hypot(*np.moveaxis(orientation_field(grey), -1, 0))
    assert strength[20:60, 39:41].mean() > 2.5 * strength[20:60, 100:150].mean()


def test_rotation_leaves_scale_and_shear_apart() -> None:
    assert abs(rotation(MOTION.matrix(FRAME)) - MOTION.angle) < 1e-12
    assert rotation(np.array([(1.1, 0.02, 5.0), (0.02, 0.9, 0.0), (0.0, 0.0, 1.0)])) == 0.0


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
        "side_px": 400,
        "motion": MOTION,
        "motion_px": 6.0,
        "score": 0.2,
        "score_before": 0.05,
        "prominence": 6.0,
        "forward_backward_px": 0.5,
    }
    return judge(Evidence(**{**usual, **changes}), Options())  # type: ignore[arg-type]


def test_the_rule() -> None:
    assert verdict() == ("accepted", "")
    assert verdict(score=0.14) == ("failed", "low_score")
    assert verdict(prominence=4.9, score=0.39) == ("failed", "ambiguous")
    assert verdict(prominence=4.9, score=0.41) == ("accepted", "")
    assert verdict(forward_backward_px=7.9) == ("accepted", "")
    assert verdict(forward_backward_px=8.1) == ("failed", "forward_backward_disagree")
    assert verdict(score_before=0.195) == ("failed", "no_gain")
    aligned = {"motion_px": 1.9, "score_before": 0.16}
    assert verdict(**aligned) == ("already_aligned", "motion_below_threshold")
    assert verdict(**aligned, prominence=4.9) == ("failed", "ambiguous")
    assert verdict(motion_px=2.1) == ("accepted", "")
    for motion in (
        Similarity(48.1, 0.0, 0.0, 0.0),
        Similarity(0.0, -48.1, 0.0, 0.0),
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
