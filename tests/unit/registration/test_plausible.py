"""Supplied homographies that images or geometry speak against, and good ones that stay trusted."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.registered_pairs import Made, register_pairs, shift, write_pairs
from tests.made.scenes import scene
from twinband.registration.geometry import Frame, Matrix, grid_change, inverted
from twinband.registration.plausible import is_absurd
from twinband.registration.remarks import remarks
from twinband.registration.trust import supplied

WIDE, HIGH = 320, 240
TILTED = np.array([(1.02, 0.01, 14.0), (0.0, 1.03, -9.0), (1e-5, 0.0, 1.0)])
TURNED = np.array([(0.98, -0.05, 12.0), (0.05, 0.98, 6.0), (0.0, 0.0, 1.0)])
HALF = grid_change(Frame(WIDE // 2, HIGH // 2), Frame(WIDE, HIGH))
FAR = HALF @ shift(20, -8)
NARROW = np.array([(0.35, 0.0, 90.0), (0.0, 0.35, 70.0), (0.0, 0.0, 1.0)])
RIGHT = {"tilted": TILTED, "turned": TURNED, "half": HALF, "far": FAR, "narrow": NARROW}


def seen(matrix: Matrix, seed: int = 3) -> tuple[NDArray[Any], NDArray[Any]]:
    """A pair whose thermal image ``matrix`` brings onto the RGB image."""
    rgb, thermal = scene(seed, WIDE, HIGH)
    size = (WIDE // 2, HIGH // 2) if matrix[0, 0] > 1.5 else (WIDE, HIGH)
    moved = cv2.warpPerspective(
        thermal, inverted(matrix), size, borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_LINEAR
    )
    return rgb, np.asarray(moved)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [3, 4])
def test_what_is_right_stays_trusted(name: str, seed: int) -> None:
    found = supplied(*seen(RIGHT[name], seed), RIGHT[name])
    assert (found.status, found.reason) == ("accepted", "")
    np.testing.assert_array_equal(found.matrix, RIGHT[name])


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("slip", ["transposed", "inverse", "both"])
def test_transposed_and_inverted_ones_are_not_applied(name: str, slip: str) -> None:
    right = RIGHT[name]
    wrong = {"transposed": right.T, "inverse": inverted(right), "both": inverted(right).T}[slip]
    rgb, thermal = seen(right)
    found = supplied(rgb, thermal, wrong / wrong[2, 2])
    assert (found.status, found.reason) == ("failed", "supplied_fits_worse")
    np.testing.assert_array_equal(found.matrix, grid_change(Frame.of(thermal), Frame.of(rgb)))
    np.testing.assert_array_equal(found.estimate, wrong / wrong[2, 2])


@pytest.mark.parametrize(
    "matrix",
    [
        shift(20, 20),
        shift(-60, 0),
        np.array([(0.8, 0.0, 0.0), (0.0, 0.8, 0.0), (0.0, 0.0, 1.0)]),
        np.array([(-1.0, 0.0, WIDE - 1.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]),
        np.array([(-1.0, 0.0, WIDE - 1.0), (0.0, -1.0, HIGH - 1.0), (0.0, 0.0, 1.0)]),
    ],
)
def test_far_worse_than_none_is_not_applied(matrix: Matrix) -> None:
    found = supplied(*scene(1, WIDE, HIGH), matrix)
    assert (found.status, found.reason) == ("failed", "supplied_fits_worse")
    assert found.score < 0.2 < 0.5 < found.score_before


ABSURD = [
    shift(5000, 0),
    shift(0, -1e9),
    np.diag([1e-3, 1e-3, 1.0]),
    np.diag([400.0, 400.0, 1.0]),
    np.diag([1.0, 1e-3, 1.0]),
    np.array([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.1, -0.1, 1.0)]),
    np.array([(1.0, 1.0, 0.0), (1.0, 1.00001, 0.0), (0.0, 0.0, 1.0)]),
    np.array([(1e200, 0.0, 0.0), (0.0, 1e200, 0.0), (0.0, 0.0, 1.0)]),
    np.array([(1.0, 0.0, 1e300), (0.0, 1.0, -1e300), (0.0, 0.0, 1.0)]),
    np.array([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1e300, 1e300, 1.0)]),
    TILTED.T,
]


@pytest.mark.parametrize("matrix", ABSURD)
@pytest.mark.filterwarnings("error")
def test_what_no_cameras_could_be_needs_no_evidence(matrix: Matrix) -> None:
    assert is_absurd(matrix, Frame(WIDE, HIGH), Frame(WIDE, HIGH))
    found = supplied(np.zeros((HIGH, WIDE, 3), np.uint8), np.zeros((HIGH, WIDE), np.uint8), matrix)
    assert (found.status, found.reason, found.score) == ("failed", "supplied_fits_worse", 0.0)
    np.testing.assert_array_equal(found.matrix, np.eye(3))


@pytest.mark.parametrize("seed", range(10))
def test_scenes_without_texture_are_no_evidence(seed: int) -> None:
    generator = np.random.default_rng(seed)
    smooth = cv2.resize(generator.normal(100, 3, (5, 5)).astype(np.float32), (WIDE, HIGH))
    rgb = np.repeat((smooth + generator.normal(0, 1, (HIGH, WIDE)))[..., None], 3, 2)
    thermal = (9000 + generator.normal(0, 8, (HIGH, WIDE))).astype(np.uint16)
    found = supplied(np.clip(rgb, 0, 255).astype(np.uint8), thermal, TURNED)
    assert (found.status, found.reason) == ("accepted", "")


def test_a_rig_that_was_given_the_wrong_matrix_is_told_in_one_sentence(tmp_path: Path) -> None:
    pairs = {key: Made(*seen(TURNED, seed)) for seed, key in enumerate("abcd")}
    write_pairs(tmp_path / "pairs", pairs)
    rows = register_pairs(tmp_path, supplied={"*": inverted(TURNED)}).manifest
    assert rows["registration_reason"].to_pylist() == ["supplied_fits_worse"] * 4
    told = remarks(rows, "data/rig.csv")
    assert told.startswith("; 4 of 4 pairs with a homography of data/rig.csv were left as they are")
    assert "thermal pixel to RGB pixel; is the matrix transposed or the other way round?" in told
    write_pairs(tmp_path / "right/pairs", pairs)
    right = register_pairs(tmp_path / "right", supplied={"*": TURNED})
    assert remarks(right.manifest, "data/rig.csv") == ""


@pytest.mark.parametrize("slip", ["inverse", "transposed"])
def test_pairs_without_texture_follow_their_rig(tmp_path: Path, slip: str) -> None:
    wrong = inverted(TURNED) if slip == "inverse" else TURNED.T
    pairs = {key: Made(*seen(TURNED, seed)) for seed, key in enumerate("abcd")}
    blank = np.full((HIGH, WIDE), 90, np.uint8)
    pairs |= {key: Made(np.repeat(blank[..., None], 3, 2), blank) for key in "ef"}
    write_pairs(tmp_path / "pairs", pairs)
    rows = register_pairs(tmp_path, supplied={"*": wrong}).manifest
    assert rows["registration_reason"].to_pylist() == ["supplied_fits_worse"] * 6
    write_pairs(tmp_path / "right/pairs", pairs)
    right = register_pairs(tmp_path / "right", supplied={"*": TURNED}).manifest
    assert right["registration"].to_pylist() == ["accepted"] * 6
