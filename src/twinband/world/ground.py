"""What is behind all things: sky, far skyline, facades, ground and markings."""

from itertools import pairwise

import numpy as np

from twinband.sample.canvas import Canvas, Surface
from twinband.sample.climate import Climate
from twinband.sample.scene import Scene, generator_of

FACADES = (
    (0.52, 0.36, 0.28), (0.62, 0.58, 0.50), (0.45, 0.45, 0.46), (0.66, 0.52, 0.38),
    (0.38, 0.24, 0.20), (0.56, 0.56, 0.60),
)  # fmt: skip
NEAREST_M, FARTHEST_M = 1.2, 90.0
Colour = tuple[float, float, float]


def paint_backdrop(canvas: Canvas, scene: Scene, climate: Climate) -> None:
    """Paint everything that stands still behind the things."""
    rng = generator_of("backdrop", scene.look)
    sky = Surface((1.0, 1.0, 1.0), climate.sky, 1.0, "sky", depth=0.0, grain=0.0, roughness=0.0)
    canvas.add(sky)  # number 0: what nothing covers
    _skyline(canvas, scene, climate, rng)
    _ground(canvas, scene, climate, rng)
    for side in (-1, 1):
        _facades(canvas, scene, climate, rng, side)


def _quad(canvas: Canvas, corners: list[tuple[float, float, float]], surface: int) -> None:
    canvas.polygon(canvas.view.project(np.asarray(corners, float)), surface)


def _skyline(canvas: Canvas, scene: Scene, climate: Climate, rng: np.random.Generator) -> None:
    x = -110.0
    while x < 110:
        width, height = float(rng.uniform(8, 22)), float(rng.uniform(5, 19))
        trees = rng.random() < 0.35
        grey = float(rng.uniform(0.30, 0.48))
        colour = (0.16, 0.24, 0.12) if trees else (grey, grey * 0.97, grey * 0.94)
        kelvin = climate.vegetation if trees else climate.wall
        name = "vegetation" if trees else "building"
        far = canvas.add(Surface(colour, kelvin, 0.95, name, depth=120.0, shade=0.6, grain=0.15))
        z = 120.0
        if trees:
            top = [(x + width * t, height * 0.6 * float(rng.uniform(0.6, 1.0)), z)
                   for t in np.linspace(0, 1, 8).tolist()]  # fmt: skip
            _quad(canvas, [(x, -1, z), *top, (x + width, -1, z)], far)
        else:
            _quad(canvas, [(x, -1, z), (x, height, z), (x + width, height, z), (x + width, -1, z)],
                  far)  # fmt: skip
        x += width * float(rng.uniform(0.8, 1.1))


def _ground(canvas: Canvas, scene: Scene, climate: Climate, rng: np.random.Generator) -> None:
    left, right = scene.road_middle - scene.road, scene.road_middle + scene.road
    walk = scene.sidewalk

    def strip(
        a: float, b: float, colour: Colour, kelvin: float, name: str,
        near: float = NEAREST_M, far: float = 118.0, grain: float = 0.16, rough: float = 0.35,
    ) -> None:  # fmt: skip
        surface = canvas.add(
            Surface(colour, kelvin, 0.95, name, shade=0.95, grain=grain, roughness=rough)
        )
        _quad(canvas, [(a, 0, near), (b, 0, near), (b, 0, far), (a, 0, far)], surface)

    grey = float(rng.uniform(0.17, 0.25))
    warm = climate.road + climate.sunlit
    verge = rng.random() < 0.5
    outside: Colour = (0.20, 0.29, 0.11) if verge else (0.40, 0.38, 0.35)
    outside_kelvin = climate.vegetation if verge else climate.road
    strip(-160, 160, outside, outside_kelvin, "vegetation" if verge else "sidewalk", grain=0.22)
    pale = float(rng.uniform(0.36, 0.48))
    for a, b in ((left - walk, left), (right, right + walk)):
        strip(
            a, b, (pale, pale * 0.97, pale * 0.92), climate.road + 0.6 * climate.sunlit, "sidewalk"
        )
    strip(left, right, (grey, grey, grey * 1.04), warm, "road", grain=0.15, rough=0.45)
    for kerb in (left, right):
        strip(kerb - 0.14, kerb + 0.14, (0.58, 0.57, 0.55), warm - 0.8, "kerb", grain=0.08)
    white: Colour = (0.74, 0.74, 0.70)
    middle, offset = scene.road_middle, float(rng.uniform(0, 5))
    for z in np.arange(2.0 + offset, 60.0, 6.0).tolist():
        strip(middle - 0.07, middle + 0.07, white, warm - 0.4, "marking", z, z + 3.0, 0.10)
    for edge in (left + 0.35, right - 0.35):
        strip(edge - 0.06, edge + 0.06, white, warm - 0.4, "marking", grain=0.10)
    if rng.random() < 0.4:
        z = float(rng.uniform(7, 14))
        for x in np.arange(left + 0.7, right - 0.7, 1.0).tolist():
            strip(x, x + 0.5, white, warm - 0.4, "marking", z, z + 3.2, 0.10)
    for _ in range(int(rng.integers(1, 4))):  # patches of newer asphalt
        x, z = float(rng.uniform(left + 0.5, right - 1.5)), float(rng.uniform(5, 25))
        dark = grey * float(rng.uniform(0.6, 0.85))
        strip(x, x + float(rng.uniform(0.5, 1.4)), (dark, dark, dark), warm + 0.5, "road", z, z + 3)


def _facades(
    canvas: Canvas, scene: Scene, climate: Climate, rng: np.random.Generator, side: int
) -> None:
    wall = scene.walls[0 if side < 0 else 1]
    x = scene.road_middle + side * (scene.road + scene.sidewalk + wall)
    sunny = np.sin(scene.sun) * side < 0  # the side that faces the sun
    ends = [NEAREST_M]
    while ends[-1] < FARTHEST_M:
        ends.append(ends[-1] + float(rng.uniform(7, 16)))
    for near, far in reversed(list(pairwise(ends))):
        if rng.random() < 0.16:
            continue  # a gap: the sky or the skyline shows
        _facade(canvas, climate, rng, x, side, near, far, sunny)


def _facade(
    canvas: Canvas,
    climate: Climate,
    rng: np.random.Generator,
    x: float,
    side: int,
    near: float,
    far: float,
    sunny: bool,
) -> None:
    colour = FACADES[rng.integers(len(FACADES))]
    height = float(rng.uniform(6, 15))
    kelvin = climate.wall + (1.4 * climate.sunlit if sunny else 0.0) + float(rng.normal(0, 0.4))
    depth = (near + far) / 2
    shade = 0.95 if sunny else 0.35
    front = canvas.add(
        Surface(
            colour,
            kelvin,
            0.93,
            "building",
            depth=-2.0 - abs(x),
            shade=shade,
            grain=0.14,
            roughness=0.5,
        )
    )
    back = x + side * 12.0
    end = canvas.add(
        Surface(
            (0.8 * colour[0], 0.8 * colour[1], 0.8 * colour[2]),
            kelvin - 0.3,
            0.93,
            "building",
            depth=near,
            shade=0.55,
            grain=0.14,
        )
    )
    _quad(canvas, [(x, 0, near), (back, 0, near), (back, height, near), (x, height, near)], end)
    _quad(canvas, [(x, 0, near), (x, 0, far), (x, height, far), (x, height, near)], front)
    glass = canvas.add(
        Surface(
            (0.12, 0.16, 0.20),
            climate.wall - 1.2,
            0.86,
            "building",
            depth=-2.0 - abs(x),
            shade=0.7,
            grain=0.05,
        )
    )
    lit = canvas.add(
        Surface(
            (0.5, 0.45, 0.35),
            climate.wall + 0.6,
            0.86,
            "building",
            depth=-2.0 - abs(x),
            shade=0.7,
            glow=(0.85, 0.62, 0.32) if climate.lamps else (0, 0, 0),
        )
    )
    if canvas.view.focal_px / depth < 2.0:
        return
    share = float(rng.uniform(0.1, 0.4))
    for floor in np.arange(1.0, height - 1.6, 3.0).tolist():
        for z in np.arange(near + 0.8, far - 1.4, 2.6).tolist():
            window = lit if rng.random() < share else glass
            tall = 2.1 if floor == 1.0 else 1.5
            _quad(
                canvas,
                [
                    (x, floor, z),
                    (x, floor, z + 1.3),
                    (x, floor + tall, z + 1.3),
                    (x, floor + tall, z),
                ],
                window,
            )
