"""Where each pixel lies in the world, and textures that lie on surfaces."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sample.canvas import SCALE, Canvas, Points, View
from twinband.sample.scene import Scene, Thing, generator_of

Plane = NDArray[np.float32]
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


@dataclass(frozen=True, slots=True)
class Layout:
    """Geometry by pixel.

    Attributes:
        surface: ``H,W`` number of the surface at the pixel's centre.
        depth: ``H,W`` metres, 0 for the sky.
        x, y: ``H,W`` metres to the right and up.
        ground: ``H,W`` is this the ground.
        texture: ``H,W`` zero mean, about unit variance; fixed to the surfaces.
    """

    surface: NDArray[np.int32]
    depth: Plane
    x: Plane
    y: Plane
    ground: NDArray[np.bool_]
    texture: Plane


def layout_of(canvas: Canvas, scene: Scene) -> Layout:
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
    return Layout(surface, depth, x, y, ground, texture)


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


@lru_cache(maxsize=1)
def tile() -> Plane:
    """Tileable noise of several octaves, zero mean and unit variance."""
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
    """``H,W`` in [0, 1]: how much of the ground's light things take away."""
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


def _casters(thing: Thing, direction: Points) -> list[Points]:
    """Outlines of what casts a thing's shadow: upright bodies drawn out, and a tree's crown."""
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
    """``N,2`` ground points (X, Z) about a thing's foot: an ellipse along its heading given by its
    half axes, of a car nearly a rectangle."""
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
