"""Similarities of the plane as four numbers, and as 3x3 matrices between pixel grids."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """The grid that similarities turn about: ``width`` x ``height`` pixels, centres at integers."""

    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        return (self.width - 1) / 2, (self.height - 1) / 2

    @property
    def radius(self) -> float:
        """From the centre to a corner, in px; never 0."""
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
        """As a 3x3 matrix of points ``(x, y, 1)``."""
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
        """The same motion on a grid with ``factor`` times as many pixels a side."""
        return Similarity(self.x * factor, self.y * factor, self.angle, self.log_scale)

    def inverse(self) -> "Similarity":
        """The motion back, about the same centre."""
        shrink = math.exp(-self.log_scale)
        cosine, sine = shrink * math.cos(self.angle), shrink * math.sin(self.angle)
        return Similarity(
            -cosine * self.x - sine * self.y,
            sine * self.x - cosine * self.y,
            -self.angle,
            -self.log_scale,
        )


def grid_change(source: Frame, target: Frame) -> Matrix:
    """From pixels of ``source`` to pixels of ``target`` when both cover the same view."""
    across, down = target.width / source.width, target.height / source.height
    return np.array([(across, 0.0, across / 2 - 0.5), (0.0, down, down / 2 - 0.5), (0.0, 0.0, 1.0)])


def inverted(matrix: Matrix) -> Matrix:
    """The inverse of a 3x3 matrix."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def rotation(matrix: Matrix) -> float:
    """Angle in radians by which an affine 3x3 matrix turns, shear and scale apart."""
    return math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])


def transformed(matrix: Matrix, points: Matrix) -> Matrix:
    """``N,2`` points through a 3x3 matrix."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])


def corner_error_px(matrix: Matrix, reference: Matrix, frame: Frame) -> float:
    """Mean distance of ``frame``'s four corners under two matrices."""
    apart = transformed(matrix, frame.corners) - transformed(reference, frame.corners)
    return float(np.hypot(apart[:, 0], apart[:, 1]).mean())
