"""``truth/`` holds what was rendered.

The deliberate misalignment: of a known size, and undone by its own truth.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.written import SEED, Sample
from twinband.layouts.rgbt234 import FRAMES
from twinband.world.render import Rendered, render
from twinband.world.scene import generator_of, sample_scene, sample_sequence
from twinband.world.truth import sample_homography, warp_thermal, write_truth
from twinband.world.write import Job

# How to get from a pair's name to the number of its scene.
INDEX = {
    "mfnet": lambda name: int(name[:5]) - 1,
    "llvip": lambda name: (int(name[2:]) - 1) * 20 + int(name[:2]) - 1,
    "vt5000": lambda name: int(name.split("/")[1]) - 1,
    "roadscene": lambda name: int(name.removeprefix("FLIR_")) - 1,
}
LAYOUTS = ("mfnet", "llvip", "vt5000", "roadscene", "rgbt234")


def rendered_as(written: Sample, name: str, hour: str) -> Rendered:
    if written.layout != "rgbt234":
        return written.rendered(INDEX[written.layout](name), hour)
    sequence, frame = name.removeprefix("street").split("/")
    scenes = sample_sequence(SEED, written.name, int(sequence) - 1, FRAMES, hour)
    return render(scenes[int(frame)], *written.size)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_equals_the_rendering(layout: str, sample: Callable[[str], Sample]) -> None:
    written = sample(layout)
    boxes = json.loads((written.root / "truth/boxes.json").read_text())
    hours = written.hours()
    assert list(boxes) == list(hours)
    for name in list(hours)[::3]:
        rendered = rendered_as(written, name, hours[name])
        depth = written.image(f"truth/depth/{name}.png")
        sky = rendered.depth == 0
        assert depth.dtype == np.uint16
        assert ((depth == 0) == sky).all()
        far = np.minimum(rendered.depth, 65535 / 256)
        assert np.abs(depth / 256 - far)[~sky].max() <= 1 / 256
        instances = written.image(f"truth/instances/{name}.png")
        assert instances.dtype == np.uint16
        assert (instances == rendered.instances).all()
        semantics = written.image(f"truth/semantics/{name}.png")
        assert (semantics == rendered.scene_semantics).all()
        assert boxes[name] == [
            {
                "class": box.name,
                "instance": box.instance,
                "occlusion": box.occlusion,
                "xyxy": list(box.xyxy),
            }
            for box in sorted(rendered.boxes, key=lambda box: box.instance)
        ]


def test_depth_beyond_the_range_is_not_sky(
    sample: Callable[[str], Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = sample("mfnet")
    depth = np.array([[0.0, 0.001, 1.5, 1e6]], np.float32)
    rendered = replace(written.rendered(0, "day"), depth=depth)
    job = Job(written.root.parent / "depths", 1, SEED, "depths", 4, 1)
    write_truth(job, "a/b", rendered)
    other = Sample("mfnet", job.root, 1)
    assert other.image("truth/depth/a/b.png").tolist() == [[0, 1, 384, 65535]]


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
