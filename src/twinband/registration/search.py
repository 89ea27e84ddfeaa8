"""The search: a grid of scales and rotations with every shift at once, then refinement.

Deterministic: fixed grids, no random sampling. Sums over pairs are exact (integers, ``fsum``),
so a rig's result does not depend on the order of its pairs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from twinband.registration.fields import Field
from twinband.registration.similarity import Frame, Matrix, Similarity, corner_error_px, inverted

CANDIDATES = 3
DISTINCT_PX = 3.0  # candidates closer than this at the corners climb the same hill
SCALE_STEP = 0.02
ANGLE_STEP = math.radians(1)
REFINE_POINTS = 10_000
REFINE_REACH_PX = 4.0
EXACT = 2.0**40  # surfaces are summed as integers of this fraction


@dataclass(frozen=True, slots=True)
class Limits:
    """How far to look: shift in px of the grid at hand, radians, relative scale."""

    shift_px: float
    angle: float
    scale: float


def steps(limit: float, step: float) -> list[float]:
    """Multiples of ``step`` from ``-limit`` to ``limit``."""
    count = round(limit / step)
    return [index * step for index in range(-count, count + 1)]


def turned(field: Field, angle: float) -> Field:
    """Rotate the orientations, not the pixels, by ``angle``."""
    return (
        np.ascontiguousarray(as_complex(field) * np.complex64(np.exp(2j * angle)))
        .view(np.float32)
        .reshape(field.shape)
    )


def as_complex(field: Field) -> NDArray[np.complex64]:
    """The same numbers as ``H,W`` complex."""
    return np.ascontiguousarray(field).view(np.complex64)[..., 0]


def warped(field: Field, motion: Similarity, matrix: Matrix, frame: Frame) -> Field:
    """``field`` moved by ``matrix`` onto ``frame``, its orientations turned along."""
    moved = cv2.warpAffine(field, matrix[:2], (frame.width, frame.height), flags=cv2.INTER_LINEAR)
    return turned(moved, motion.angle)


def grid_search(
    fixed: Sequence[Field], moving: Sequence[Field], limits: Limits
) -> list[Similarity]:
    """The best ``CANDIDATES`` of the grid, best first; all fields have the same size."""
    height, width = fixed[0].shape[:2]
    frame = Frame(width, height)
    reach = max(1, math.ceil(limits.shift_px))
    shape = (fft.next_fast_len(height + reach), fft.next_fast_len(width + reach))
    spectra = [fft.fft2(as_complex(field) / energy(field), shape, workers=1) for field in fixed]
    found: list[tuple[int, Similarity]] = []
    for scale in steps(limits.scale, SCALE_STEP):
        for angle in steps(limits.angle, ANGLE_STEP):
            motion = Similarity(0.0, 0.0, angle, math.log1p(scale))
            matrix = motion.matrix(frame)
            surface = np.zeros((2 * reach + 1, 2 * reach + 1), np.int64)
            for spectrum, field in zip(spectra, moving, strict=True):
                moved = as_complex(warped(field, motion, matrix, frame)) / energy(field)
                product = spectrum * np.conj(fft.fft2(moved, shape, workers=1))
                near = np.roll(fft.ifft2(product, workers=1).real, (reach, reach), (0, 1))
                near = near[: 2 * reach + 1, : 2 * reach + 1].astype(np.float64)
                surface += np.rint(near * EXACT).astype(np.int64)
            down, across = np.unravel_index(int(surface.argmax()), surface.shape)
            shifted = Similarity(
                float(across - reach), float(down - reach), angle, motion.log_scale
            )
            found.append((int(surface[down, across]), shifted))
    found.sort(key=lambda entry: -entry[0])
    return _distinct([motion for _, motion in found], frame)


def _distinct(motions: Sequence[Similarity], frame: Frame) -> list[Similarity]:
    """The first ``CANDIDATES`` that are not close to one before."""
    kept: list[Similarity] = []
    for motion in motions:
        matrix = motion.matrix(frame)
        near = (corner_error_px(matrix, other.matrix(frame), frame) for other in kept)
        if all(distance >= DISTINCT_PX for distance in near):
            kept.append(motion)
        if len(kept) == CANDIDATES:
            break
    return kept


def energy(field: Field) -> np.float32:
    """Root of the sum of squares, at least a tiny number."""
    return np.float32(max(math.sqrt(float(np.square(field, dtype=np.float64).sum())), 1e-12))


@dataclass(frozen=True, slots=True)
class Sampled:
    """The strongest points of a fixed field, and the field to be moved."""

    points: NDArray[np.float64]  # 2,N
    values: NDArray[np.complex64]
    moving: Field

    @classmethod
    def of(cls, fixed: Field, moving: Field) -> "Sampled":
        strength = np.hypot(fixed[..., 0], fixed[..., 1]).ravel()
        rank = max(strength.size - REFINE_POINTS, 0)
        least = np.partition(strength, rank)[rank]
        order = np.flatnonzero(strength >= least)[:REFINE_POINTS]
        down, across = np.divmod(order, fixed.shape[1])
        points = np.stack([across, down]).astype(np.float64)
        return cls(points, as_complex(fixed).ravel()[order], moving)

    def score(self, inverse: Matrix, angle: float) -> float:
        """Normalised correlation at the points that fall inside the moving field."""
        across, down = inverse[:2, :2] @ self.points + inverse[:2, 2:]
        height, width = self.moving.shape[:2]
        sampled = cv2.remap(
            self.moving,
            across.astype(np.float32)[None],
            down.astype(np.float32)[None],
            cv2.INTER_LINEAR,
        )
        inside = (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)
        moved = as_complex(sampled).ravel()
        fixed = self.values * inside
        moved = moved * inside
        joint = np.vdot(moved, fixed)
        norm = math.sqrt(float(np.vdot(fixed, fixed).real) * float(np.vdot(moved, moved).real))
        return float((joint * np.exp(-2j * angle)).real) / max(norm, 1e-9)


def refine(
    samples: Sequence[Sampled],
    start: Similarity,
    frame: Frame,
    backward: Sequence[Sampled] = (),
) -> tuple[Similarity, float]:
    """The nearest maximum of the mean score, and that score.

    With samples of the ``backward`` direction the score is of both directions. The four unknowns
    are in px at the corners, so that one step means the same for each.
    """
    radius = frame.radius

    def motion(offsets: NDArray[np.float64]) -> Similarity:
        x, y, turn, growth = (float(value) for value in offsets)
        return Similarity(
            start.x + x, start.y + y, start.angle + turn / radius, start.log_scale + growth / radius
        )

    def cost(offsets: NDArray[np.float64]) -> float:
        tried = motion(offsets)
        matrix = tried.matrix(frame)
        inverse = inverted(matrix)
        there = [sample.score(inverse, tried.angle) for sample in samples]
        back = [sample.score(matrix, -tried.angle) for sample in backward]
        return -math.fsum(there + back) / (len(there) + len(back))

    found = optimize.minimize(
        cost,
        np.zeros(4),
        method="Powell",
        bounds=[(-REFINE_REACH_PX, REFINE_REACH_PX)] * 4,
        options={"maxiter": 6, "xtol": 0.02, "ftol": 1e-4},
    )
    return motion(found.x), -float(found.fun)
