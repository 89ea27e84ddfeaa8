"""Geometry of two cameras: similarities of the plane, and images and boxes on another grid."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)  # many processes share the machine, and results must not depend on threads

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """The grid that similarities turn about: ``width`` x ``height`` pixels, centres at integers."""

    width: int
    height: int

    @classmethod
    def of(cls, image: NDArray[Any]) -> "Frame":
        """Take the grid of an image ``H,W`` or ``H,W,C``."""
        return cls(image.shape[1], image.shape[0])

    @property
    def centre(self) -> tuple[float, float]:
        """``x, y`` of the middle, in px."""
        return (self.width - 1) / 2, (self.height - 1) / 2

    @property
    def radius(self) -> float:
        """Distance from the centre to a corner, in px; never 0."""
        return max(math.hypot(self.width - 1, self.height - 1) / 2, 1.0)

    @property
    def corners(self) -> Matrix:
        """``4,2`` corner pixels."""
        right, bottom = self.width - 1, self.height - 1
        return np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], np.float64)


@dataclass(frozen=True, slots=True)
class Similarity:
    """Shift in px, rotation in radians and logarithm of the scale, about a frame's centre."""

    x: float
    y: float
    angle: float
    log_scale: float

    def matrix(self, frame: Frame) -> Matrix:
        """Make it a 3x3 matrix of points ``(x, y, 1)``."""
        scale = math.exp(self.log_scale)
        cosine, sine = scale * math.cos(self.angle), scale * math.sin(self.angle)
        x, y = frame.centre
        return np.array(
            [
                (cosine, -sine, x + self.x - cosine * x + sine * y),
                (sine, cosine, y + self.y - sine * x - cosine * y),
                (0.0, 0.0, 1.0),
            ]
        )

    def zoomed(self, factor: float) -> "Similarity":
        """Express the motion on a grid with ``factor`` times as many pixels a side."""
        return Similarity(self.x * factor, self.y * factor, self.angle, self.log_scale)

    def inverse(self) -> "Similarity":
        """Turn the motion back, about the same centre."""
        shrink = math.exp(-self.log_scale)
        cosine, sine = shrink * math.cos(self.angle), shrink * math.sin(self.angle)
        return Similarity(
            -cosine * self.x - sine * self.y,
            sine * self.x - cosine * self.y,
            -self.angle,
            -self.log_scale,
        )


def grid_change(source: Frame, target: Frame) -> Matrix:
    """Map pixels of ``source`` to pixels of ``target`` when both cover the same view."""
    across, down = target.width / source.width, target.height / source.height
    return np.array([(across, 0.0, across / 2 - 0.5), (0.0, down, down / 2 - 0.5), (0.0, 0.0, 1.0)])


def inverted(matrix: Matrix) -> Matrix:
    """Invert a 3x3 matrix."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def rotation(matrix: Matrix) -> float:
    """Measure the angle in radians by which an affine 3x3 matrix turns, shear and scale apart."""
    return math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])


def transformed(matrix: Matrix, points: Matrix) -> Matrix:
    """Map ``N,2`` points by a 3x3 matrix."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def corner_error_px(matrix: Matrix, reference: Matrix, frame: Frame) -> float:
    """Measure the mean distance of ``frame``'s four corners under two matrices."""
    apart = transformed(matrix, frame.corners) - transformed(reference, frame.corners)
    return float(np.hypot(apart[:, 0], apart[:, 1]).mean())


def resampled(
    image: NDArray[Any], matrix: Matrix, width: int, height: int, *, labels: bool = False
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Resample ``image`` (``H,W`` or ``H,W,C``; uint8, uint16 or float32) onto another grid.

    Where the new grid is coarser the image is smoothed first, so that nothing aliases.

    Args:
        matrix: 3x3, pixel of ``image`` to pixel of the grid; ``Registration.matrix`` for thermal,
            its inverse for RGB.
        width: of the grid.
        height: of the grid.
        labels: take the nearest pixel, so that no class is made up between two others.

    Returns:
        The image in its own depth, 0 where it has no data; and the ``height,width`` mask of
        pixels whose centre lies on its pixels.
    """
    if not labels:
        image = _smoothed(image, matrix)
    method = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    # Without a border that repeats, the image's last pixels would be mixed with black.
    moved = cv2.warpPerspective(
        image, matrix, (width, height), flags=method, borderMode=cv2.BORDER_REPLICATE
    )
    valid = _covered(image.shape, matrix, width, height)
    moved[~valid] = 0
    return moved, valid


def moved_box(box: list[float], matrix: Matrix, width: int, height: int) -> list[float] | None:
    """Map ``[x1, y1, x2, y2]`` by ``matrix``: the upright box around its corners, cut to the
    ``width`` x ``height`` grid; None if it lies outside.

    A box's coordinates count from the image's edge, half a pixel before the first pixel's centre.
    """
    x1, y1, x2, y2 = box
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    x, y = (transformed(matrix, corners - 0.5) + 0.5).T
    left, top = max(float(x.min()), 0.0), max(float(y.min()), 0.0)
    right, bottom = min(float(x.max()), float(width)), min(float(y.max()), float(height))
    return [left, top, right, bottom] if left < right and top < bottom else None


def _smoothed(image: NDArray[Any], matrix: Matrix) -> NDArray[Any]:
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale > 0.95:
        return image
    return cv2.GaussianBlur(image, (0, 0), 0.5 * math.sqrt(1 / scale**2 - 1))


def _covered(shape: tuple[int, ...], matrix: Matrix, width: int, height: int) -> NDArray[np.bool_]:
    edge = 0.5 + 1e-6  # a pixel reaches half a pixel beyond its centre
    across, down = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height))
    places = inverted(matrix) @ np.stack([across.ravel(), down.ravel(), np.ones(across.size)])
    in_front = places[2] > 0
    x, y = places[:2] / np.where(in_front, places[2], 1.0)
    inside = in_front & (x >= -edge) & (x <= shape[1] - 1 + edge)
    inside &= (y >= -edge) & (y <= shape[0] - 1 + edge)
    return np.asarray(inside.reshape(height, width))
