"""The street behind all things: its backdrop, and geometry, texture and shadows by pixel."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.world.canvas import SCALE, Canvas, Points, Surface, View
from twinband.world.climate import Climate, Colour
from twinband.world.scene import Scene, Thing, generator_of

FACADES = (
    (0.52, 0.36, 0.28), (0.62, 0.58, 0.50), (0.45, 0.45, 0.46), (0.66, 0.52, 0.38),
    (0.38, 0.24, 0.20), (0.56, 0.56, 0.60),
)  # fmt: skip
NEAREST_M, FARTHEST_M = 1.2, 90.0
NOISE_PX = 512
SHADOW_LENGTH = 0.75  # metres a metre of height
ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
# Half lengths along and across the heading, metres.
FOOTPRINTS = {
    "person": (0.24, 0.24), "cyclist": (0.85, 0.07), "parked_bicycle": (0.85, 0.07),
    "car": (2.1, 0.88), "cone": (0.2, 0.2), "sign": (0.06, 0.06), "lamp": (0.07, 0.07),
    "tree": (0.16, 0.16),
}  # fmt: skip
SHARE_THAT_SHADES = {"car": 0.8, "cyclist": 0.5, "tree": 0.55}  # of the height
Plane = NDArray[np.float32]


def paint_backdrop(canvas: Canvas, scene: Scene, climate: Climate) -> None:
    """Paint everything that stands still behind the things."""
    rng = generator_of("backdrop", scene.look)
    sky = Surface((1.0, 1.0, 1.0), climate.sky, 1.0, "sky", depth=0.0, grain=0.0, roughness=0.0)
    canvas.add(sky)  # number 0: what nothing covers
    _skyline(canvas, scene, climate, rng)
    _ground(canvas, scene, climate, rng)
    for side in (-1, 1):
        _facades(canvas, scene, climate, rng, side)


@dataclass(frozen=True, slots=True)
class Geometry:
    """The geometry of a rendered scene by pixel.

    Attributes:
        surface: ``H,W`` number of the surface at the pixel's centre.
        depth: ``H,W`` metres, 0 for the sky.
        x, y: ``H,W`` metres to the right and up.
        ground: ``H,W`` bool, the pixel is on the ground.
        texture: ``H,W`` zero mean, about unit variance; fixed to the surfaces.
    """

    surface: NDArray[np.int32]
    depth: Plane
    x: Plane
    y: Plane
    ground: NDArray[np.bool_]
    texture: Plane


def geometry_of(canvas: Canvas, scene: Scene) -> Geometry:
    """Read the geometry off a finished canvas."""
    view = canvas.view
    surface = np.ascontiguousarray(canvas.map[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE])
    stated = np.array([s.depth for s in canvas.surfaces], np.float32)[surface]
    u = np.arange(view.width, dtype=np.float32)[None] - np.float32(view.centre_px)
    v = np.arange(view.height, dtype=np.float32)[:, None] - np.float32(view.horizon_px)
    ground = stated == -1
    focal = np.float32(view.focal_px)
    on_ground = focal * np.float32(view.camera_height) / np.maximum(v, 0.5)
    wall = -(stated + 2)
    on_wall = focal * wall / np.maximum(np.abs(u), 1)
    depth = np.where(ground, on_ground, np.where(stated <= -2, on_wall, stated))
    depth = np.minimum(depth, 200).astype(np.float32)
    x = u * depth / focal
    y = np.float32(view.camera_height) - v * depth / focal
    texture = _texture(scene, surface, depth, x, y, ground)
    return Geometry(surface, depth, x, y, ground, texture)


@lru_cache(maxsize=1)
def tile() -> Plane:
    """Draw tileable noise of several octaves, zero mean and unit variance."""
    rng = generator_of("texture")
    total = np.zeros((NOISE_PX, NOISE_PX), np.float32)
    for octave, weight in ((8, 0.25), (32, 0.35), (128, 0.9), (512, 0.9)):
        coarse = rng.standard_normal((octave, octave)).astype(np.float32)
        padded = np.pad(coarse, 2, mode="wrap")
        size = NOISE_PX * (octave + 4) // octave
        fine = cv2.resize(padded, (size, size), interpolation=cv2.INTER_CUBIC)
        cut = 2 * NOISE_PX // octave
        total += weight * fine[cut : cut + NOISE_PX, cut : cut + NOISE_PX]
    centred: Plane = (total - total.mean()) / total.std()
    return centred


def shadow_mask(canvas: Canvas, scene: Scene, sunny: bool) -> Plane:
    """Compute the share of the ground's light that things take away, ``H,W`` in [0, 1]."""
    view = canvas.view
    cast = np.zeros((view.height, view.width), np.uint8)
    contact = np.zeros_like(cast)
    direction = np.array([np.sin(scene.sun), np.cos(scene.sun)]) * SHADOW_LENGTH
    for thing in scene.things:
        is_car = thing.kind == "car"
        _fill(contact, view, _oblong(thing, *FOOTPRINTS[thing.kind]), 255 if is_car else 140)
        for outline in _casters(thing, direction) if sunny else ():
            _fill(cast, view, outline, 255)
    strength = 0.62 * (cast / np.float32(255)) if sunny else 0.0
    soft = 0.80 * cv2.GaussianBlur(contact, (0, 0), 1.2) / np.float32(255)
    mask: Plane = np.maximum(strength, soft).astype(np.float32)
    return mask


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


def _quad(canvas: Canvas, corners: list[tuple[float, float, float]], surface: int) -> None:
    canvas.polygon(canvas.view.project(np.asarray(corners, float)), surface)


def _texture(
    scene: Scene,
    surface: NDArray[np.int32],
    depth: Plane,
    x: Plane,
    y: Plane,
    ground: NDArray[np.bool_],
) -> Plane:
    noise = tile()
    shift = np.float32(scene.look % NOISE_PX)
    other = (surface.astype(np.float32) * 37) % NOISE_PX  # surfaces differ in their patterns
    across = np.where(ground, x, x + 0.35 * depth) * 42 + other + shift
    along = np.where(ground, depth, y) * np.where(ground, 24, 42) + shift
    mapped = cv2.remap(
        noise,
        np.mod(across, NOISE_PX).astype(np.float32),
        np.mod(along, NOISE_PX).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    fade = np.clip(14 / np.maximum(depth, 1), 0.25, 1)  # finer than a pixel far away
    faded: Plane = mapped * fade.astype(np.float32)
    return faded


def _casters(thing: Thing, direction: Points) -> list[Points]:
    """Outline the casters of a thing's shadow: upright bodies drawn out, and a tree's crown."""
    bodies = [(FOOTPRINTS[thing.kind], SHARE_THAT_SHADES.get(thing.kind, 1.0) * thing.height)]
    if thing.kind == "cyclist":
        bodies.append((FOOTPRINTS["person"], thing.height))
    outlines = []
    for size, tall in bodies:
        foot = _oblong(thing, *size)
        both = np.vstack([foot, foot + direction * tall]).astype(np.float32)
        outlines.append(cv2.convexHull(both)[:, 0].astype(np.float64))
    if thing.kind == "tree":
        middle = np.array([thing.x, thing.z]) + direction * 0.68 * thing.height
        outlines.append(middle + 0.30 * thing.height * CIRCLE)
    return outlines


def _oblong(thing: Thing, ahead: float, aside: float) -> Points:
    """Outline a thing's footprint, ``N,2`` ground points (X, Z): an ellipse along its heading
    given by its half axes, of a car nearly a rectangle."""
    heading = np.array([np.sin(thing.yaw), np.cos(thing.yaw)])
    right = np.array([heading[1], -heading[0]])
    ring = np.sign(CIRCLE) * np.sqrt(np.abs(CIRCLE)) if thing.kind == "car" else CIRCLE
    return (
        np.array([thing.x, thing.z]) + ring[:, :1] * ahead * heading + ring[:, 1:] * aside * right
    )


def _fill(mask: NDArray[np.uint8], view: View, points: NDArray[np.float64], value: int) -> None:
    """Fill a polygon of ground points (X, Z) in metres."""
    world = np.stack([points[:, 0], np.zeros(len(points)), np.maximum(points[:, 1], 1.5)], axis=1)
    pixels = np.clip(view.project(world), -4000, 4000)
    cv2.fillPoly(mask, [np.rint(pixels * 16).astype(np.int32)], value, cv2.LINE_8, 4)
