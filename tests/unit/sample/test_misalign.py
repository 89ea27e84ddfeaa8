"""The deliberate misalignment: of a known size, and undone by its own truth."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.sample.layouts._misalign import sample_homography, warp_thermal
from twinband.sample.render import render
from twinband.sample.scene import generator_of, sample_scene

INTERIOR_PX = 14


def corner_motion(homography: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """How far each corner moves, pixels."""
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], float)
    moved = cv2.perspectiveTransform(corners[None], homography)[0]
    distance: NDArray[np.float64] = np.hypot(*(moved - corners).T)
    return distance


def homographies(count: int, width: int, height: int) -> list[NDArray[np.float64]]:
    return [sample_homography(generator_of("h", i), width, height) for i in range(count)]


def test_corners_move_by_3_to_12_px_on_average_and_never_far_beyond() -> None:
    motion = np.array([corner_motion(h, 256, 192) for h in homographies(200, 256, 192)])
    mean = motion.mean(axis=1)
    assert mean.min() >= 3
    assert mean.max() <= 12
    assert motion.max() < 16
    assert mean.std() > 0.5  # they differ


def test_motion_grows_with_the_image() -> None:
    small = [corner_motion(h, 256, 192).mean() for h in homographies(20, 256, 192)]
    large = [corner_motion(h, 640, 480).mean() for h in homographies(20, 640, 480)]
    assert np.allclose(np.array(large) / np.array(small), 2.5, rtol=0.05)


def test_a_homography_keeps_orientation_and_is_normalised() -> None:
    for homography in homographies(50, 256, 192):
        assert homography[2, 2] == 1
        assert np.linalg.det(homography) > 0.8


def test_a_pixel_of_the_warped_image_shows_the_aligned_one_at_h_p() -> None:
    aligned = np.zeros((192, 256), np.uint8)
    cv2.circle(aligned, (140, 90), 5, 255, -1, cv2.LINE_AA)
    for homography in homographies(10, 256, 192):
        warped = warp_thermal(aligned, homography)
        rows, columns = np.nonzero(warped > 127)
        seen = np.array([[[columns.mean(), rows.mean()]]])
        there = cv2.perspectiveTransform(seen, homography)[0, 0]
        assert np.hypot(*(there - (140, 90))) < 0.5


@pytest.mark.parametrize("form", ["thermal", "thermal_raw"])
def test_warping_back_by_the_truth_gives_the_aligned_image(form: str) -> None:
    rendered = render(sample_scene(1, "warp", 3), 256, 192)
    aligned = getattr(rendered, form)
    homography = sample_homography(generator_of("h", 0), 256, 192)
    warped = warp_thermal(aligned, homography)
    assert warped.dtype == aligned.dtype
    inverse = np.asarray(np.linalg.inv(homography), np.float64)
    back = warp_thermal(warped, inverse)
    inside = (slice(INTERIOR_PX, -INTERIOR_PX),) * 2
    noise = np.abs(back[inside].astype(float) - aligned[inside]).mean()
    misaligned = np.abs(warped[inside].astype(float) - aligned[inside]).mean()
    assert noise < 0.25 * misaligned
    assert noise < (2.0 if form == "thermal" else 25.0)  # grey levels; hundredths of a kelvin
