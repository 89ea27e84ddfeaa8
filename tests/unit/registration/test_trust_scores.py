"""Scores of transforms that were not searched for."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.made.registered_pairs import shift
from tests.made.scenes import displaced, scene
from twinband.registration.geometry import Frame, Similarity, corner_error_px, grid_change
from twinband.registration.quality import score
from twinband.registration.trust import declared_aligned, of_rig, supplied

MOTION = Similarity(7.0, -5.0, math.radians(1.4), math.log(1.03))


def test_a_supplied_transform_is_accepted_and_scored() -> None:
    rgb, thermal = scene(1)
    moved, truth = displaced(thermal, MOTION)
    found = supplied(rgb, moved, truth)
    assert (found.status, found.reason) == ("accepted", "")
    np.testing.assert_array_equal(found.matrix, truth)
    assert found.score > 0.5 > 0.2 > found.score_before
    assert found.motion_px == pytest.approx(corner_error_px(truth, np.eye(3), Frame(320, 200)))
    assert math.isnan(found.forward_backward_px)


def test_declared_aligned_changes_no_more_than_the_size() -> None:
    rgb, thermal = scene(2)
    found = declared_aligned(rgb, thermal)
    assert (found.status, found.reason, found.motion_px) == ("already_aligned", "declared", 0.0)
    np.testing.assert_array_equal(found.matrix, np.eye(3))
    assert found.score == found.score_before > 0.5
    half = thermal.reshape(100, 2, 160, 2).mean((1, 3)).astype(np.uint16)
    smaller = declared_aligned(rgb, half)
    np.testing.assert_array_equal(smaller.matrix, grid_change(Frame(160, 100), Frame(320, 200)))
    assert smaller.score > 0.4 and smaller.motion_px == 0.0


def test_a_pair_of_a_rig_has_the_rigs_transform_and_its_own_scores() -> None:
    rgb, thermal = scene(3)
    moved, truth = displaced(thermal, MOTION)
    rig = replace(supplied(rgb, moved, truth), forward_backward_px=0.7, score=0.99, reason="")
    other = of_rig(scene(4)[0], moved, rig)
    assert (other.status, other.forward_backward_px) == ("accepted", 0.7)
    np.testing.assert_array_equal(other.matrix, truth)
    assert other.score < 0.15  # RGB of another scene
    own = of_rig(rgb, moved, rig)
    assert 0.5 < own.score < 0.99 and own.motion_px == rig.motion_px


def test_scores_are_blind_to_what_lies_outside_the_data() -> None:
    rgb, thermal = scene(5)
    moved = np.zeros_like(thermal)
    moved[:, :270] = thermal[:, 50:]
    whole = score(rgb, thermal, np.eye(3))
    assert abs(score(rgb, moved[:, :270], shift(50, 0)) - whole) < 0.05


def test_hardly_any_overlap_and_no_contrast_score_zero() -> None:
    rgb, thermal = scene(6)
    assert score(rgb, thermal, shift(310, 0)) == 0.0
    assert score(rgb, thermal, shift(2000, 0)) == 0.0
    for one, other in (
        (np.zeros_like(rgb), thermal),
        (rgb, np.full_like(thermal, 255)),
        (np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint16)),
    ):
        assert score(one, other, np.eye(3)) == 0.0


def test_large_images_score_like_small_ones() -> None:
    rgb, thermal = (cv2.resize(image, (1280, 800)) for image in scene(7))
    moved, truth = displaced(thermal, Similarity(20.0, -12.0, 0.01, 0.01))
    assert score(rgb, moved, truth) > 0.4 > 0.2 > score(rgb, moved, np.eye(3))
