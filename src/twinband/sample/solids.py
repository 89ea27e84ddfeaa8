"""Turning things in metres into polygons and lines on a canvas."""

from dataclasses import dataclass

import cv2
import numpy as np

from twinband.sample.canvas import Canvas, Points
from twinband.sample.scene import Thing

Metres = tuple[float, float, float]  # ahead, right, up


@dataclass(frozen=True, slots=True)
class Frame:
    """The thing's own axes: ahead, to its right and up, from its foot point."""

    canvas: Canvas
    origin: Points
    ahead: Points
    right: Points

    @classmethod
    def of(cls, canvas: Canvas, thing: Thing) -> "Frame":
        ahead = np.array([np.sin(thing.yaw), 0.0, np.cos(thing.yaw)])
        right = np.array([np.cos(thing.yaw), 0.0, -np.sin(thing.yaw)])
        return cls(canvas, np.array([thing.x, 0.0, thing.z]), ahead, right)

    @property
    def pixels_a_metre(self) -> float:
        return self.canvas.view.focal_px / max(float(self.origin[2]), 0.3)

    def world(self, local: Points) -> Points:
        """``N,3`` own coordinates (ahead, right, up) in metres to world coordinates."""
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
        """A wheel upright along the thing's heading: filled, or a ring of the given thickness."""
        angle = np.linspace(0, 2 * np.pi, 17)
        along, up = radius * np.cos(angle), radius * np.sin(angle)
        rim = [(centre[0] + a, centre[1], centre[2] + u) for a, u in zip(along, up, strict=True)]
        if ring_m:
            self.limb(rim, surface, ring_m)
        else:
            self.polygon(rim, surface)

    def ball(self, centre: Metres, radii: tuple[float, float], surface: int) -> None:
        """An upright ellipse facing the camera; radii across and up in metres."""
        pixel = self.canvas.view.project(self.world(np.asarray([centre], float)))[0]
        scale = self.pixels_a_metre
        self.canvas.ellipse(pixel, (radii[0] * scale, radii[1] * scale), surface)

    def shows(self, normal: Metres, at: Metres = (0.0, 0.0, 0.0)) -> bool:
        """Does the face through ``at`` with this outward normal (own axes) face the camera?"""
        face, tip = self.world(np.asarray([at, np.add(at, normal)], float))
        eye = np.array([0.0, self.canvas.view.camera_height, 0.0])
        return float((tip - face) @ (face - eye)) < 0
