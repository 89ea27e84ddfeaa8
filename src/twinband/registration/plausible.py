"""Plausibility of supplied homographies: matrices of other tools are often transposed or inverted.

A matrix is refused for what it does to the plane of the image, or on evidence of the images: none,
its inverse or its transpose fits much better. Scenes without texture give no evidence, and their
matrices stay trusted.
"""

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
from twinband.registration.score import score

MOST_STRETCH = 10.0  # of a lens against the other, beyond the sizes of their images
LEAST_SHARED = 0.02  # of the thermal image, if it meets as little of the RGB image
EVIDENCE = 0.15  # correlation that wrong pairs do not reach
BETTER = 0.1  # rise of the correlation that chance does not make
FAR_WORSE = 0.5  # of the correlation without any transform
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
    rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix, found: float, without: float
) -> bool:
    """Tell if the images speak against ``matrix``.

    Args:
        found: score under ``matrix``.
        without: score under the mere change of size.
    """
    if without >= EVIDENCE and without - found > BETTER and found < FAR_WORSE * without:
        return True
    target, source = Frame.of(rgb), Frame.of(thermal)
    least = max(EVIDENCE, found + BETTER, without)
    others = (other for other in mistaken(matrix) if not is_absurd(other, source, target))
    return any(score(rgb, thermal, other) > least for other in others)


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
