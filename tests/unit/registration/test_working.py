"""Verdicts that do not depend on the size at which a file happens to be stored."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.scenes import scene
from twinband.registration.geometry import Frame, Similarity
from twinband.registration.quality import RENAMED, Evidence, Options, judge
from twinband.registration.register import Registration, register_pair
from twinband.registration.working import fine_side_px, in_file_px, size_at

WIDE, HIGH = 640, 480
SHIFT = 0.05  # of the width


def stored(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Store an image at another width."""
    shrinks = cv2.INTER_AREA if width < image.shape[1] else cv2.INTER_CUBIC
    height = round(image.shape[0] * width / image.shape[1])
    return np.asarray(cv2.resize(image, (width, height), interpolation=shrinks), np.uint8)


def registered(apart: float, rgb_width: int, thermal_width: int) -> Registration:
    """Register a pair that stands ``apart`` by a share of the width, stored at these widths."""
    rgb, thermal = scene(1, WIDE, HIGH)
    columns = round(apart * WIDE)
    seen = stored(np.ascontiguousarray(rgb[:, columns:]), rgb_width)
    return register_pair(
        seen, stored(np.ascontiguousarray(thermal[:, : WIDE - columns]), thermal_width)
    )


SIZES = [
    (320, 320),
    (640, 640),
    (1600, 640),
    (4000, 640),
    (320, 640),
    (1600, 320),
    (640, 160),
    (1000, 80),
    (256, 192),
    (500, 500),
]


@pytest.mark.parametrize(("rgb_width", "thermal_width"), SIZES)
def test_a_shift_of_two_lenses_is_undone_at_any_size(rgb_width: int, thermal_width: int) -> None:
    found = registered(SHIFT, rgb_width, thermal_width)
    assert (found.status, found.reason) == ("accepted", "")
    share = found.motion_px / rgb_width
    assert share == pytest.approx(SHIFT / (1 - SHIFT), abs=0.01)


@pytest.mark.parametrize(("rgb_width", "thermal_width"), SIZES)
def test_an_aligned_pair_is_aligned_at_any_size(rgb_width: int, thermal_width: int) -> None:
    found = registered(0.0, rgb_width, thermal_width)
    assert (found.status, found.reason) == ("already_aligned", "motion_below_threshold")


@pytest.mark.parametrize("side_px", [320, 486, 640, 1024, 1600, 4000, 8000, 20_000])
@pytest.mark.parametrize(
    ("motion", "apart", "verdict"),
    [
        (0.0049, 0.001, ("already_aligned", "motion_below_threshold")),
        (0.0055, 0.001, ("accepted", "")),
        (0.05, 0.015, ("accepted", "")),
        (0.05, 0.025, ("failed", "forward_backward_disagree")),
        (0.13, 0.001, ("failed", "motion_out_of_range")),
    ],
)
def test_the_rule_knows_shares_only(
    side_px: int, motion: float, apart: float, verdict: tuple[str, str]
) -> None:
    evidence = Evidence(
        side_px=side_px,
        motion=Similarity(motion * side_px, 0.0, 0.0, 0.0),
        motion_px=motion * side_px,
        score=0.5,
        score_before=0.2,
        prominence=9.0,
        forward_backward_px=apart * side_px,
    )
    assert judge(evidence, Options()) == verdict


@pytest.mark.parametrize(
    ("rgb", "thermal", "side_px"),
    [
        ((4000, 3000), (640, 512), 640),
        ((4000, 3000), (80, 60), 320),
        ((1800, 1600), (384, 288), 384),
        ((3000, 4000), (512, 640), 640),
        ((320, 256), (1280, 1024), 320),
        ((320, 256), (320, 256), 320),
        ((80, 60), (80, 60), 80),
        ((256, 192), (80, 60), 256),
        ((640, 480), (4000, 3000), 640),
        ((1920, 1080), (1920, 1080), 640),
    ],
)
def test_the_working_size_is_that_of_the_coarser_image(
    rgb: tuple[int, int], thermal: tuple[int, int], side_px: int
) -> None:
    assert fine_side_px(Frame(*rgb), Frame(*thermal)) == side_px
    assert max(size_at(Frame(*rgb), side_px)) == side_px


@pytest.mark.parametrize(
    ("side_px", "tolerance_px"), [(33, 4.0), (640, 4.0), (1280, 8.0), (4000, 25.0)]
)
def test_a_length_of_the_working_size_grows_with_larger_files_only(
    side_px: int, tolerance_px: float
) -> None:
    assert in_file_px(4.0, Frame(side_px, side_px // 2)) == tolerance_px


@pytest.mark.parametrize("old", ["max_shift_px", "max_forward_backward_px", "aligned_motion_px"])
def test_options_of_old_are_told_by_their_new_names(old: str) -> None:
    new = old.removesuffix("_px") + "_share"
    with pytest.raises(TypeError, match=re.escape(f"{old} is called {new} now")):
        Options.of({old: 8.0})
    assert getattr(Options.of({new: 0.5}), new) == 0.5


@pytest.mark.parametrize("name", RENAMED.values())
@pytest.mark.parametrize("value", [-0.1, 1.5, 30.0, 30, float("nan"), float("inf")])
def test_pixels_are_no_shares(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a share of the RGB image's longer side"):
        Options.of({name: value})


@pytest.mark.parametrize(
    ("rgb", "thermal"),
    [
        ((640, 40), (640, 40)),
        ((40, 640), (40, 640)),
        ((2000, 40), (320, 40)),
        ((4000, 33), (400, 33)),
        ((320, 40), (40, 320)),
        ((33, 33), (33, 33)),
        ((33, 900), (900, 33)),
        ((640, 480), (33, 33)),
        ((33, 33), (640, 480)),
        ((500, 100), (640, 32)),
    ],
)
@pytest.mark.filterwarnings("error")
def test_strips_and_tiny_images_get_a_verdict(
    rgb: tuple[int, int], thermal: tuple[int, int]
) -> None:
    found = register_pair(scene(1, *rgb)[0], scene(1, *thermal)[1])
    assert found.status == "accepted" or found.reason
    assert np.isfinite(found.estimate).all()
