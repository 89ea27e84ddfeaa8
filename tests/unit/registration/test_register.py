"""Registration of pairs and rigs of known misalignment."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.scenes import displaced, displaced_by, scene
from twinband.registration.geometry import Frame, Similarity, corner_error_px, grid_change
from twinband.registration.register import register_pair, register_rig

FRAME = Frame(320, 200)
MOTION = Similarity(7.0, -5.0, math.radians(1.4), math.log(1.03))
SAME = np.eye(3)


@pytest.mark.parametrize(
    "motion", [MOTION, Similarity(-12.0, 9.0, math.radians(-1.8), math.log(0.96))]
)
def test_a_moved_pair_is_brought_back(motion: Similarity) -> None:
    rgb, thermal = scene(1)
    moved, truth = displaced(thermal, motion)
    found = register_pair(rgb, moved)
    assert found.status == "accepted" and found.reason == ""
    assert corner_error_px(found.matrix, truth, FRAME) < 0.5
    assert found.score > 0.3 > found.score_before
    assert found.forward_backward_px < 0.5
    assert found.matrix.dtype == np.float64


def test_thermal_of_another_size_and_depth_maps_to_rgb_pixels() -> None:
    rgb, thermal = scene(2)
    moved, truth = displaced(thermal, MOTION)
    half = moved.reshape(100, 2, 160, 2).mean((1, 3))
    found = register_pair(rgb, (7000 + half * 3).astype(np.uint16))
    assert found.status == "accepted"
    expected = truth @ grid_change(Frame(160, 100), FRAME)
    assert corner_error_px(found.matrix, expected, Frame(160, 100)) < 1.0


def test_an_aligned_pair_is_left_untouched() -> None:
    rgb, thermal = scene(3)
    found = register_pair(rgb, thermal)
    assert found.status == "already_aligned"
    np.testing.assert_array_equal(found.matrix, SAME)
    assert corner_error_px(found.estimate, SAME, FRAME) < 0.5


def test_another_scene_is_refused_and_its_estimate_never_applied() -> None:
    for seed in range(10, 16):
        found = register_pair(scene(seed)[0], scene(seed + 50)[1])
        assert found.status == "failed" and found.reason
        np.testing.assert_array_equal(found.matrix, SAME)
        assert not np.array_equal(found.estimate, SAME)


def test_a_motion_beyond_the_limit_is_refused() -> None:
    rgb, thermal = scene(1)
    moved, _ = displaced(thermal, MOTION)
    found = register_pair(rgb, moved, max_shift_share=4 / 320)
    assert found.status == "failed"
    np.testing.assert_array_equal(found.matrix, SAME)


def test_a_rig_shares_one_transform_whatever_the_order() -> None:
    pairs = []
    for seed in range(20, 23):
        rgb, thermal = scene(seed)
        moved, truth = displaced(thermal, MOTION)
        pairs.append((rgb, moved))
    found = register_rig(pairs)
    assert found.status == "accepted"
    assert corner_error_px(found.matrix, truth, FRAME) < 0.5
    again = register_rig(pairs[::-1])
    assert found.matrix.tobytes() == again.matrix.tobytes()
    assert (found.score, found.forward_backward_px) == (again.score, again.forward_backward_px)


RIG_FRAME = Frame(128, 96)
# Wider by 5 % and sheared by 2 %: at the corners some px that no similarity can undo.
SHEARED = np.array([(1.05, 0.02, -7.0), (0.0, 1.0, 4.0), (0.0, 0.0, 1.0)])
ALIKE = Similarity(4.0, -3.0, 0.01, 0.02).matrix(RIG_FRAME)


def rig(matrix: NDArray[Any], count: int) -> tuple[list[tuple[NDArray[Any], NDArray[Any]]], Any]:
    """Pairs of ``count`` scenes with thermal under one matrix, and the truth."""
    scenes = [scene(seed, RIG_FRAME.width, RIG_FRAME.height) for seed in range(30, 30 + count)]
    moved = [(rgb, displaced_by(thermal, matrix)) for rgb, thermal in scenes]
    return [(rgb, image) for rgb, (image, _) in moved], moved[0][1][1]


def test_a_sheared_rig_needs_the_affine_model_and_enough_pairs() -> None:
    pairs, truth = rig(SHEARED, 16)
    fewer, enough = (register_rig(some, model="affine") for some in (pairs[:15], pairs))
    assert (fewer.model, enough.model) == ("similarity", "affine")
    assert fewer.status == enough.status == "accepted"
    assert corner_error_px(fewer.matrix, truth, RIG_FRAME) > 1.2
    assert corner_error_px(enough.matrix, truth, RIG_FRAME) < 0.5
    assert enough.score > fewer.score


def test_a_rig_without_shear_keeps_the_similarity_though_affine_is_allowed() -> None:
    pairs, truth = rig(ALIKE, 16)
    found = register_rig(pairs, model="affine")
    assert (found.status, found.model) == ("accepted", "similarity")
    assert corner_error_px(found.matrix, truth, RIG_FRAME) < 0.5


def test_a_rig_ignores_its_blank_pairs() -> None:
    rgb, thermal = scene(1)
    moved, _ = displaced(thermal, MOTION)
    alone = register_pair(rgb, moved)
    night = register_rig([(rgb, moved), (np.zeros_like(rgb), moved)])
    np.testing.assert_array_equal(night.matrix, alone.matrix)


def test_black_flat_saturated_and_tiny_images_get_a_reason() -> None:
    rgb, thermal = scene(1)
    night = np.random.default_rng(0).integers(0, 3, rgb.shape).astype(np.uint8)
    cases = {
        "flat_rgb": [(np.zeros_like(rgb), thermal), (night, thermal)],
        "flat_thermal": [
            (rgb, np.full_like(thermal, 255)),
            (rgb, np.full(thermal.shape, 30000, np.uint16)),
            (rgb, np.full(thermal.shape, np.nan, np.float32)),
        ],
        "too_small": [(rgb[:1, :1], thermal[:1, :1]), (rgb, thermal[:1]), (rgb[:, :20], thermal)],
    }
    for reason, pairs in cases.items():
        for one, other in pairs:
            found = register_pair(one, other)
            assert (found.status, found.reason) == ("failed", reason)
            assert math.isinf(found.forward_backward_px) and found.score == 0.0
            expected = grid_change(
                Frame(other.shape[1], other.shape[0]), Frame(one.shape[1], one.shape[0])
            )
            np.testing.assert_array_equal(found.matrix, expected)


def test_other_aspect_ratio_and_half_saturated_thermal_give_a_verdict() -> None:
    rgb, thermal = scene(4)
    thermal = thermal.copy()
    thermal[:, 160:] = 255
    for other in (thermal, thermal[:, 40:140], thermal[:40]):
        found = register_pair(rgb, other)
        assert found.status == "accepted" or found.reason
        assert np.isfinite(found.estimate).all()


def test_holes_in_float_thermal_do_not_disturb_the_rest() -> None:
    rgb, thermal = scene(1)
    moved, truth = displaced(thermal, MOTION)
    holes = 290 + moved.astype(np.float32) / 10
    holes[20:30, 40:60] = np.nan
    holes[150:154, 200:240] = np.inf
    found = register_pair(rgb, holes)
    assert found.status == "accepted"
    assert corner_error_px(found.matrix, truth, FRAME) < 1.0


def test_a_rig_of_several_sizes_fails_with_a_reason() -> None:
    rgb, thermal = scene(1)
    found = register_rig([(rgb, thermal), (rgb[:150], thermal[:150])])
    assert (found.status, found.reason) == ("failed", "sizes_differ_within_rig")


def test_misuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        register_rig([])
    with pytest.raises(ValueError, match="shape H,W"):
        register_pair(np.zeros(5), np.zeros((40, 40)))
    with pytest.raises(TypeError, match="shift"):
        register_pair(np.zeros((40, 40)), np.zeros((40, 40)), shift=3.0)
    with pytest.raises(TypeError, match="min_score must be a number"):
        register_pair(np.zeros((40, 40)), np.zeros((40, 40)), min_score="high")
    with pytest.raises(ValueError, match="model must be one of"):
        register_pair(np.zeros((40, 40)), np.zeros((40, 40)), model="homography")


def test_inputs_are_not_changed_and_results_repeat() -> None:
    rgb, thermal = scene(1)
    moved, _ = displaced(thermal, MOTION)
    before = rgb.tobytes(), moved.tobytes()
    first, second = register_pair(rgb, moved), register_pair(rgb, moved)
    assert (rgb.tobytes(), moved.tobytes()) == before
    assert first.estimate.tobytes() == second.estimate.tobytes()
