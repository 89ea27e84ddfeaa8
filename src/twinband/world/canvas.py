"""A map of surfaces, painted from far to near.

Shapes are filled with the number of their surface at twice the image's size. Colours, radiances
and labels are then table look-ups, so a hundred polygons cost little more than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.world.scene import Thing

SCALE = 2  # surfaces are painted at twice the size of the image
SUBPIXEL_BITS = 4
Points = NDArray[np.float64]
Metres = tuple[float, float, float]  # ahead, right, up


@dataclass(frozen=True, slots=True)
class Surface:
    """The properties of one surface.

    Attributes:
        colour: albedo, RGB in [0, 1].
        kelvin: temperature.
        emissivity: in the long-wave infrared, [0, 1].
        scene_class: name of its class.
        identity: instance id, 0 for none.
        depth: metres; 0 for the sky, negative where the ground's own depth holds.
        shade: share of the sun that it catches, [0, 1].
        glow: light it emits itself, RGB.
        grain: strength of its texture in RGB, as a share of its colour.
        roughness: strength of its texture in kelvin.
    """

    colour: tuple[float, float, float]
    kelvin: float
    emissivity: float
    scene_class: str
    identity: int = 0
    depth: float = -1.0
    shade: float = 1.0
    glow: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grain: float = 0.06
    roughness: float = 0.15


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera for one image size; pixel centres are at integers."""

    width: int
    height: int
    focal_px: float
    centre_px: float
    horizon_px: float
    camera_height: float

    def project(self, points: Points) -> Points:
        """Project ``N,3`` metres (X, Y up, Z ahead) to ``N,2`` pixels; Z is kept off the camera."""
        scale = self.focal_px / np.maximum(points[:, 2], 0.3)
        pixels = np.empty((len(points), 2))
        pixels[:, 0] = self.centre_px + scale * points[:, 0]
        pixels[:, 1] = self.horizon_px + scale * (self.camera_height - points[:, 1])
        return pixels


class Canvas:
    """The map of surfaces under construction; paint from far to near."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.surfaces: list[Surface] = []
        self.map = np.zeros((view.height * SCALE, view.width * SCALE), np.int32)
        self.full_area: dict[int, int] = {}  # of each instance, before anything hides it

    def add(self, surface: Surface) -> int:
        """Register a surface; returns its number."""
        self.surfaces.append(surface)
        return len(self.surfaces) - 1

    def polygon(self, pixels: Points, surface: int) -> None:
        """Fill a polygon of ``N,2`` image coordinates."""
        cv2.fillPoly(self.map, [self._fixed(pixels)], surface, cv2.LINE_8, SUBPIXEL_BITS)

    def line(self, pixels: Points, surface: int, thickness_px: float) -> None:
        """Draw an open line of the given thickness in image pixels."""
        thick = max(1, round(thickness_px * SCALE))
        fixed = self._fixed(pixels)
        cv2.polylines(self.map, [fixed], False, surface, thick, cv2.LINE_8, SUBPIXEL_BITS)

    def ellipse(self, centre: Sequence[float], axes: Sequence[float], surface: int) -> None:
        """Fill an upright ellipse given centre and half axes in image pixels."""
        angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        ring = np.stack([np.cos(angle) * axes[0], np.sin(angle) * axes[1]], axis=1)
        self.polygon(ring + np.asarray(centre), surface)

    def averaged(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map values of surfaces (``N`` or ``N,C``) to pixels, ``H,W`` or ``H,W,C``: each pixel
        gets the mean over the painted pixels in it."""
        painted = np.take(values, self.map, axis=0, mode="clip")
        size = (self.view.width, self.view.height)
        mean: NDArray[np.float32] = cv2.resize(painted, size, interpolation=cv2.INTER_AREA)
        return mean

    def note_area(self, identity: int, first_surface: int) -> None:
        """Remember the number of visible pixels of an instance that was just painted."""
        pixels = int(np.count_nonzero(self.map >= first_surface))
        self.full_area[identity] = pixels // SCALE**2

    def _fixed(self, pixels: Points) -> NDArray[np.int32]:
        limit = 1 << 14  # far outside the image; keeps OpenCV's fixed point from overflowing
        scaled = np.minimum(np.maximum((pixels + 0.5) * SCALE - 0.5, -limit), limit)
        return np.rint(scaled * (1 << SUBPIXEL_BITS)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """The axes of a thing: ahead, to its right and up, from its foot point."""

    canvas: Canvas
    origin: Points
    ahead: Points
    right: Points

    @classmethod
    def of(cls, canvas: Canvas, thing: Thing) -> "LocalFrame":
        ahead = np.array([np.sin(thing.yaw), 0.0, np.cos(thing.yaw)])
        right = np.array([np.cos(thing.yaw), 0.0, -np.sin(thing.yaw)])
        return cls(canvas, np.array([thing.x, 0.0, thing.z]), ahead, right)

    @property
    def pixels_a_metre(self) -> float:
        return self.canvas.view.focal_px / max(float(self.origin[2]), 0.3)

    def world(self, local: Points) -> Points:
        """Convert ``N,3`` own coordinates (ahead, right, up) in metres to world coordinates."""
        up = np.array([0.0, 1.0, 0.0])
        return (
            self.origin + local[:, :1] * self.ahead + local[:, 1:2] * self.right + local[:, 2:] * up
        )

    def polygon(self, local: list[Metres], surface: int) -> None:
        """Fill a polygon given by own coordinates."""
        points = self.world(np.asarray(local, float))
        self.canvas.polygon(self.canvas.view.project(points), surface)

    def hull(self, local: list[Metres], surface: int) -> None:
        """Fill the outline of a convex body given by its corners in own coordinates."""
        pixels = self.canvas.view.project(self.world(np.asarray(local, float)))
        outline = cv2.convexHull(pixels.astype(np.float32))[:, 0]
        self.canvas.polygon(outline.astype(np.float64), surface)

    def limb(self, joints: list[Metres], surface: int, width_m: float) -> None:
        """Draw a line of round ends through joints given by own coordinates."""
        pixels = self.canvas.view.project(self.world(np.asarray(joints, float)))
        self.canvas.line(pixels, surface, width_m * self.pixels_a_metre)

    def disc(self, centre: Metres, radius: float, surface: int, ring_m: float = 0.0) -> None:
        """Draw a wheel upright along the thing's heading: filled, or a ring of the given
        thickness."""
        angle = np.linspace(0, 2 * np.pi, 17)
        along, up = radius * np.cos(angle), radius * np.sin(angle)
        rim = [(centre[0] + a, centre[1], centre[2] + u) for a, u in zip(along, up, strict=True)]
        if ring_m:
            self.limb(rim, surface, ring_m)
        else:
            self.polygon(rim, surface)

    def ball(self, centre: Metres, radii: tuple[float, float], surface: int) -> None:
        """Fill an upright ellipse facing the camera; radii across and up in metres."""
        pixel = self.canvas.view.project(self.world(np.asarray([centre], float)))[0]
        scale = self.pixels_a_metre
        self.canvas.ellipse(pixel, (radii[0] * scale, radii[1] * scale), surface)

    def shows(self, normal: Metres, at: Metres = (0.0, 0.0, 0.0)) -> bool:
        """Tell if the face through ``at`` with this outward normal (own axes) faces the camera."""
        face, tip = self.world(np.asarray([at, np.add(at, normal)], float))
        eye = np.array([0.0, self.canvas.view.camera_height, 0.0])
        return float((tip - face) @ (face - eye)) < 0
