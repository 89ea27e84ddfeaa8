"""Painting surfaces: projection, order, areas, averages."""

import numpy as np
import pytest

from twinband.world.canvas import SCALE, Canvas, LocalFrame, Surface, View
from twinband.world.scene import Thing

VIEW = View(width=64, height=48, focal_px=60.0, centre_px=32.0, horizon_px=20.0, camera_height=1.5)


def plain(identity: int = 0) -> Surface:
    return Surface((0.5, 0.5, 0.5), 290.0, 0.95, "road", identity)


def rectangle(x1: float, y1: float, x2: float, y2: float) -> np.ndarray:
    """Corners that cover the pixels ``x1 <= x < x2``, ``y1 <= y < y2``."""
    x1, y1, x2, y2 = x1 - 0.25, y1 - 0.25, x2 - 0.75, y2 - 0.75
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])


@pytest.fixture
def canvas() -> Canvas:
    empty = Canvas(VIEW)
    for identity in range(3):
        empty.add(plain(identity))
    return empty


def test_projection_of_known_points() -> None:
    points = np.array([[0.0, 1.5, 10.0], [1.0, 1.5, 10.0], [0.0, 0.0, 10.0], [0.0, 1.5, 1e9]])
    expected = [[32.0, 20.0], [38.0, 20.0], [32.0, 29.0], [32.0, 20.0]]
    assert np.allclose(VIEW.project(points), expected)


def test_points_behind_the_camera_stay_finite_and_on_their_side() -> None:
    pixels = VIEW.project(np.array([[-1.0, 0.0, -5.0], [1.0, 0.0, -5.0]]))
    assert pixels[0, 0] < 0
    assert pixels[1, 0] > VIEW.width


def test_a_polygon_covers_just_its_pixels(canvas: Canvas) -> None:
    canvas.polygon(rectangle(10, 5, 20, 12), 1)
    painted = np.zeros((VIEW.height * SCALE, VIEW.width * SCALE), bool)
    painted[5 * SCALE : 12 * SCALE, 10 * SCALE : 20 * SCALE] = True
    assert np.array_equal(canvas.map == 1, painted)


def test_what_is_painted_later_hides(canvas: Canvas) -> None:
    canvas.polygon(rectangle(0, 0, 20, 20), 1)
    canvas.polygon(rectangle(10, 0, 30, 20), 2)
    assert np.all(canvas.map[: 20 * SCALE, : 10 * SCALE] == 1)
    assert np.all(canvas.map[: 20 * SCALE, 10 * SCALE : 30 * SCALE] == 2)


def test_far_outside_is_clipped_and_not_wrapped(canvas: Canvas) -> None:
    canvas.polygon(np.array([[1e7, 0.0], [2e7, 0.0], [2e7, 40.0], [1e7, 40.0]]), 1)
    assert not canvas.map.any()
    canvas.polygon(np.array([[-1e7, -1e7], [1e7, -1e7], [1e7, 1e7], [-1e7, 1e7]]), 2)
    assert np.all(canvas.map == 2)


def test_area_is_noted_before_anything_hides_it(canvas: Canvas) -> None:
    canvas.polygon(rectangle(0, 0, 8, 8), 1)
    canvas.note_area(1, 1)
    canvas.polygon(rectangle(0, 0, 8, 4), 2)
    assert canvas.full_area == {1: 64}


def test_a_pixel_is_the_mean_of_what_is_painted_in_it(canvas: Canvas) -> None:
    canvas.map[0, 0] = 1  # a quarter of the first pixel
    values = np.array([0.0, 8.0, 100.0], np.float32)
    assert canvas.averaged(values)[0, 0] == pytest.approx(2.0)
    colours = np.stack([values, 2 * values, 3 * values], axis=1)
    assert canvas.averaged(colours).shape == (VIEW.height, VIEW.width, 3)
    assert canvas.averaged(colours)[0, 0] == pytest.approx([2.0, 4.0, 6.0])


@pytest.mark.parametrize("yaw", np.linspace(0, 2 * np.pi, 9).tolist())
@pytest.mark.parametrize("x", [-3.0, 0.0, 3.0])
def test_a_box_never_shows_two_opposite_faces(canvas: Canvas, yaw: float, x: float) -> None:
    thing = Thing("car", 1, x, 6.0, yaw, 1.4, 0.0, 0.0, 0.5, 0)
    frame = LocalFrame.of(canvas, thing)
    ends = [frame.shows((s, 0, 0), (s * 2.0, 0, 0.5)) for s in (-1.0, 1.0)]
    sides = [frame.shows((0, s, 0), (0, s * 0.9, 0.5)) for s in (-1.0, 1.0)]
    assert not all(ends)
    assert not all(sides)
    assert any(ends + sides)


def test_a_roof_shows_only_to_a_higher_camera(canvas: Canvas) -> None:
    frame = LocalFrame.of(canvas, Thing("car", 1, 0.0, 6.0, 0.3, 1.4, 0.0, 0.0, 0.5, 0))
    assert frame.shows((0, 0, 1), (0, 0, 1.4))
    assert not frame.shows((0, 0, 1), (0, 0, 1.6))


def test_a_hull_fills_a_body_from_any_side(canvas: Canvas) -> None:
    frame = LocalFrame.of(canvas, Thing("car", 1, 0.0, 6.0, 0.7, 1.4, 0.0, 0.0, 0.5, 0))
    corners = [(a, r, u) for a in (-1.0, 1.0) for r in (-0.5, 0.5) for u in (0.0, 1.0)]
    frame.hull(corners, 1)
    inside = VIEW.project(frame.world(np.array([[0.0, 0.0, 0.5], [0.9, 0.45, 0.1]])))
    for u, v in np.rint(inside * SCALE).astype(int):
        assert canvas.map[v, u] == 1
