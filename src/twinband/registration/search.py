"""Registration search: a grid of scales and rotations with every shift at once, then refinement.

Deterministic: fixed grids, no random sampling. Sums over pairs are exact (integers, ``fsum``),
so a rig's result does not depend on the order of its pairs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from twinband.registration.fields import Field
from twinband.registration.geometry import (
    Frame,
    Matrix,
    Similarity,
    corner_error_px,
    inverted,
    rotation,
)

Offsets = NDArray[np.float64]

CANDIDATES = 3
DISTINCT_PX = 3.0  # candidates closer than this at the corners climb the same hill
SCALE_STEP = 0.02
ANGLE_STEP = math.radians(1)
REFINE_POINTS = 10_000
REFINE_REACH_PX = 4.0
EXACT = 2.0**40  # surfaces are summed as integers of this fraction


@dataclass(frozen=True, slots=True)
class Limits:
    """Reach of the search: shift in px of the grid at hand, radians, relative scale."""

    shift_px: float
    angle: float
    scale: float


def steps(limit: float, step: float) -> list[float]:
    """List multiples of ``step`` from ``-limit`` to ``limit``."""
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
    """View a field as ``H,W`` complex numbers."""
    return np.ascontiguousarray(field).view(np.complex64)[..., 0]


def warped(field: Field, matrix: Matrix, frame: Frame) -> Field:
    """Move ``field`` by an affine ``matrix`` onto ``frame``, its orientations turned along."""
    moved = cv2.warpAffine(field, matrix[:2], (frame.width, frame.height), flags=cv2.INTER_LINEAR)
    return turned(moved, rotation(matrix))


def grid_search(
    fixed: Sequence[Field], moving: Sequence[Field], limits: Limits
) -> list[Similarity]:
    """Find the best ``CANDIDATES`` of the grid, best first; all fields have the same size."""
    height, width = fixed[0].shape[:2]
    frame = Frame(width, height)
    shifts = Shifts.of(fixed, max(1, math.ceil(limits.shift_px)))
    energies = [energy(field) for field in moving]
    peaks: list[tuple[float, Similarity]] = []
    for scale in steps(limits.scale, SCALE_STEP):
        for angle in steps(limits.angle, ANGLE_STEP):
            motion = Similarity(0.0, 0.0, angle, math.log1p(scale))
            matrix = motion.matrix(frame)
            moved = [
                as_complex(warped(field, matrix, frame)) / norm
                for field, norm in zip(moving, energies, strict=True)
            ]
            surface = shifts.surface(moved)
            down, across = np.unravel_index(int(surface.argmax()), surface.shape)
            shifted = Similarity(
                float(across - shifts.reach), float(down - shifts.reach), angle, motion.log_scale
            )
            peaks.append((float(surface[down, across]), shifted))
    peaks.sort(key=lambda peak: -peak[0])
    return _distinct([motion for _, motion in peaks], frame)


@dataclass(frozen=True, slots=True)
class Shifts:
    """Correlation of fields with the same fixed ones under every whole shift up to ``reach``."""

    spectra: list[NDArray[np.complex64]]
    shape: tuple[int, int]  # padded, so that what leaves on one side does not return on the other
    reach: int

    @classmethod
    def of(cls, fixed: Sequence[Field], reach: int) -> "Shifts":
        height, width = fixed[0].shape[:2]
        sides = (max(side + reach, 2 * reach + 1) for side in (height, width))  # strips are lower
        shape = (fft.next_fast_len(next(sides)), fft.next_fast_len(next(sides)))
        spectra = [fft.fft2(as_complex(one) / energy(one), shape, workers=1) for one in fixed]
        return cls(spectra, shape, reach)

    def surface(self, moved: Sequence[NDArray[np.complex64]]) -> NDArray[np.float64]:
        """Sum over the pairs, by shift down and across from ``-reach``; 0 is in the middle."""
        size = 2 * self.reach + 1
        total = np.zeros((size, size), np.int64)
        for spectrum, field in zip(self.spectra, moved, strict=True):
            product = spectrum * np.conj(fft.fft2(field, self.shape, workers=1))
            around = np.roll(fft.ifft2(product, workers=1).real, (self.reach,) * 2, (0, 1))
            total += np.rint(around[:size, :size].astype(np.float64) * EXACT).astype(np.int64)
        return total / EXACT


def energy(field: Field) -> np.float32:
    """Take the root of the sum of squares, at least a tiny number."""
    return np.float32(max(math.sqrt(float(np.square(field, dtype=np.float64).sum())), 1e-12))


@dataclass(frozen=True, slots=True)
class Sampled:
    """Strongest points of a fixed field, and the field to be moved."""

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

    def score(self, inverse: Matrix) -> float:
        """Correlate at the points that fall inside the moving field, -1..1.

        Args:
            inverse: from pixels of the fixed field to pixels of the moving one, affine.
        """
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
        return float((joint * np.exp(2j * rotation(inverse))).real) / max(norm, 1e-9)


def refine(
    samples: Sequence[Sampled],
    start: Similarity,
    frame: Frame,
    backward: Sequence[Sampled] = (),
) -> tuple[Similarity, float]:
    """Climb to the nearest maximum of the mean score; returns it and its score.

    With samples of the ``backward`` direction the score is of both directions. The four unknowns
    are in px at the corners, so that one step means the same for each.
    """
    radius = frame.radius

    def motion(offsets: Offsets) -> Similarity:
        x, y, turn, growth = (float(value) for value in offsets)
        return Similarity(
            start.x + x, start.y + y, start.angle + turn / radius, start.log_scale + growth / radius
        )

    offsets, score = _climb(lambda tried: motion(tried).matrix(frame), 4, samples, backward)
    return motion(offsets), score


def refine_affine(
    samples: Sequence[Sampled], start: Matrix, frame: Frame, backward: Sequence[Sampled]
) -> Matrix:
    """Climb to the affine matrix nearest to ``start`` at which both directions score highest."""
    centre = np.eye(3)
    centre[:2, 2] = frame.centre
    back = inverted(centre)

    def matrix(offsets: Offsets) -> Matrix:
        change = np.eye(3)
        change[:2, :2] += offsets[:4].reshape(2, 2) / frame.radius
        change[:2, 2] = offsets[4:]
        return np.asarray(centre @ change @ back @ start)

    return matrix(_climb(matrix, 6, samples, backward)[0])


def _distinct(motions: Sequence[Similarity], frame: Frame) -> list[Similarity]:
    """Take the first ``CANDIDATES`` that are not close to one before."""
    kept: list[Similarity] = []
    for motion in motions:
        matrix = motion.matrix(frame)
        near = (corner_error_px(matrix, other.matrix(frame), frame) for other in kept)
        if all(distance >= DISTINCT_PX for distance in near):
            kept.append(motion)
        if len(kept) == CANDIDATES:
            break
    return kept


def _climb(
    matrix_of: Callable[[Offsets], Matrix],
    unknowns: int,
    samples: Sequence[Sampled],
    backward: Sequence[Sampled],
) -> tuple[Offsets, float]:
    """Climb to the nearest maximum of the mean score; returns offsets from the start, and score."""

    def cost(offsets: Offsets) -> float:
        matrix = matrix_of(offsets)
        inverse = inverted(matrix)
        there = [sample.score(inverse) for sample in samples]
        back = [sample.score(matrix) for sample in backward]
        return -math.fsum(there + back) / (len(there) + len(back))

    optimum = optimize.minimize(
        cost,
        np.zeros(unknowns),
        method="Powell",
        bounds=[(-REFINE_REACH_PX, REFINE_REACH_PX)] * unknowns,
        options={"maxiter": 6, "xtol": 0.02, "ftol": 1e-4},
    )
    return optimum.x, -float(optimum.fun)
