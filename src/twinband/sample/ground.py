"""Where each pixel lies in the world, and textures that lie on surfaces."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.sample.canvas import SCALE, Canvas, View
from twinband.sample.scene import Scene, generator_of

Plane = NDArray[np.float32]
NOISE_PX = 512


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
    for octave, weight in ((8, 0.45), (32, 0.7), (128, 0.9), (512, 0.8)):
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
    direction = np.array([np.sin(scene.sun), np.cos(scene.sun)])
    for thing in sorted(scene.things, key=lambda t: -t.z):
        half = {"car": 0.95, "tree": 0.16 * thing.height, "lamp": 0.06, "sign": 0.08}.get(
            thing.kind, 0.26
        )
        length = {"car": 2.2, "parked_bicycle": 0.9, "cyclist": 0.9}.get(thing.kind, half)
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        ahead = np.array([np.sin(thing.yaw), np.cos(thing.yaw)])
        right = np.array([ahead[1], -ahead[0]])
        foot = np.array([thing.x, thing.z])
        ring = (
            foot + np.outer(np.cos(angle) * length, ahead) + np.outer(np.sin(angle) * half, right)
        )
        base_width = 0.5 if thing.kind in ("tree", "lamp", "sign") else 1.0
        _fill(contact, view, foot + (ring - foot) * base_width, 255)
        if sunny:
            tip = ring + direction * min(thing.height, 4.0) * 0.75
            hull = cv2.convexHull(np.vstack([ring, tip]).astype(np.float32))[:, 0]
            _fill(cast, view, hull, 255)
    strength = 0.62 * (cast / np.float32(255)) if sunny else 0.0
    soft = 0.45 * cv2.GaussianBlur(contact, (0, 0), 1.2) / np.float32(255)
    mask: Plane = np.maximum(strength, soft).astype(np.float32)
    return mask


def _fill(mask: NDArray[np.uint8], view: View, points: NDArray[np.float64], value: int) -> None:
    """Fill a polygon of ground points (X, Z) in metres."""
    world = np.stack([points[:, 0], np.zeros(len(points)), np.maximum(points[:, 1], 1.5)], axis=1)
    pixels = np.clip(view.project(world), -4000, 4000)
    cv2.fillPoly(mask, [np.rint(pixels * 16).astype(np.int32)], value, cv2.LINE_8, 4)
