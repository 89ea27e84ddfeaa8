"""Plausibility of supplied homographies: matrices of other tools are often transposed or inverted.

A matrix is refused for what it does to the plane of the image, or on evidence of the images: none,
its inverse or its transpose fits much better. Scenes without texture give no evidence, and their
matrices stay trusted.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.registration.geometry import (
    Frame,
    Matrix,
    corner_error_px,
    grid_change,
    inverted,
    transformed,
)
from twinband.registration.quality import score

MOST_STRETCH = 10.0  # of a lens against the other, beyond the sizes of their images
LEAST_SHARED = 0.02  # of the thermal image, if it meets as little of the RGB image
EVIDENCE = 0.15  # correlation that wrong pairs do not reach
BETTER = 0.1  # rise of the correlation that chance does not make
FAR_WORSE = 0.5  # of the correlation without any transform
Pair = tuple[NDArray[Any], NDArray[Any]]
PROBES = 16  # places a side at which the shared view is looked for


def is_absurd(matrix: Matrix, source: Frame, target: Frame) -> bool:
    """Tell if no two cameras could stand so, whatever their images show.

    Args:
        matrix: from pixels of ``source`` to pixels of ``target``.
    """
    with np.errstate(all="ignore"):
        depth = np.column_stack([source.corners, np.ones(4)]) @ matrix[2]
        if not (np.isfinite(depth).all() and (depth > 1e-6 * np.abs(depth).max()).all()):
            return True  # the horizon runs through the image
        relative = inverted(grid_change(source, target)) @ matrix
        stretch = np.linalg.svd(_jacobian(relative, source), compute_uv=False)
        if not (np.isfinite(stretch).all() and stretch.min() > 0):
            return True
        if stretch.max() > MOST_STRETCH or stretch.min() < 1 / MOST_STRETCH:
            return True
        there, back = (
            _shared(matrix, source, target),
            _shared(inverted(matrix), target, source),
        )
    return max(there, back) < LEAST_SHARED


def fits_worse(
    pairs: Sequence[Pair], matrix: Matrix, found: Sequence[float], without: Sequence[float]
) -> bool:
    """Tell if the images of a pair, or several of one rig together, speak against ``matrix``.

    Args:
        pairs: RGB and thermal images of equal sizes.
        found: score of each under ``matrix``.
        without: score of each under the mere change of size.
    """
    now, before = fmean(found), fmean(without)
    if before >= EVIDENCE and before - now > BETTER and now < FAR_WORSE * before:
        return True
    target, source = (Frame.of(image) for image in pairs[0])
    least = max(EVIDENCE, now + BETTER, before)
    others = (other for other in mistaken(matrix) if not is_absurd(other, source, target))
    return any(
        fmean(score(rgb, thermal, other) for rgb, thermal in pairs) > least for other in others
    )


def refuted_by_rig(pairs: Sequence[Pair], matrix: Matrix) -> bool:
    """Tell if a matrix of several pairs is refuted by them together: some have no texture."""
    target, source = (Frame.of(image) for image in pairs[0])
    if is_absurd(matrix, source, target):
        return True
    still = grid_change(source, target)
    found = [score(rgb, thermal, matrix) for rgb, thermal in pairs]
    return fits_worse(pairs, matrix, found, [score(rgb, thermal, still) for rgb, thermal in pairs])


def mistaken(matrix: Matrix) -> list[Matrix]:
    """List what ``matrix`` should have been, had it been inverted, transposed, or both."""
    inverse = inverted(matrix)
    return [
        other / other[2, 2]
        for other in (inverse, matrix.T, inverse.T)
        if np.isfinite(other).all() and abs(other[2, 2]) > 1e-9
    ]


def motion_px(matrix: Matrix, still: Matrix, source: Frame) -> float:
    """Measure the mean motion of the corners; infinite or not a number for absurd matrices."""
    with np.errstate(all="ignore"):
        return corner_error_px(matrix, still, source)


def _jacobian(matrix: Matrix, frame: Frame) -> Matrix:
    """Differentiate the map at the frame's centre: 2,2."""
    x, y, w = matrix @ np.array([*frame.centre, 1.0])
    place = np.array([x, y]) / w
    return np.asarray((matrix[:2, :2] - np.outer(place, matrix[2, :2])) / w)


def _shared(matrix: Matrix, source: Frame, target: Frame) -> float:
    """Measure the share of ``source`` whose places lie on ``target``."""
    across, down = np.meshgrid(
        np.linspace(0, source.width - 1, PROBES), np.linspace(0, source.height - 1, PROBES)
    )
    x, y = transformed(matrix, np.stack([across.ravel(), down.ravel()], axis=1)).T
    inside = (x > -1) & (x < target.width) & (y > -1) & (y < target.height)
    return float(inside.mean())
