"""Scores of registration and matching: corner error, and the area under its cumulative curve.

Source: the protocol of SuperPoint and LoFTR; spec/benchmarks.md E.1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CORNER_THRESHOLDS_PX = (3, 5, 10)
POSE_THRESHOLDS_DEG = (5, 10, 20)  # of relative poses, the same curve in degrees


def corner_error(found: Floats | None, true: Floats, width_px: int, height_px: int) -> float:
    """Compute the mean distance of an image's corners under two homographies ``3,3``, in px.

    Args:
        found: the estimate; None if there is none, which is infinitely wrong.
        true: the truth.
        width_px: width of the image whose corners move.
        height_px: its height.
    """
    if found is None:
        return float("inf")
    right, bottom = width_px - 1, height_px - 1
    corners = np.array([(0, 0, 1), (right, 0, 1), (right, bottom, 1), (0, bottom, 1)], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = [corners @ np.asarray(matrix, np.float64).T for matrix in (found, true)]
        places = [points[:, :2] / points[:, 2:] for points in moved]
        error = float(np.linalg.norm(places[0] - places[1], axis=1).mean())
    return error if np.isfinite(error) else float("inf")


def area_under_curve(errors: Sequence[float], threshold: float) -> float:
    """Compute the area under the share of errors up to ``threshold``, a share; 1 is best.

    Args:
        errors: of each pair, in the unit of ``threshold``, infinite for a failure; at least one.

    Raises:
        ValueError: there is none, or one is NaN or negative.
    """
    ranked = np.sort(np.asarray(errors, np.float64))
    if not ranked.size or not (ranked >= 0).all():
        raise ValueError("errors are at least one number, none of them NaN or negative")
    reached = ranked[ranked < threshold]
    recall = np.arange(len(reached) + 1) / len(ranked)
    x = np.concatenate([[0.0], reached, [threshold]])
    return float(np.trapezoid(np.append(recall, recall[-1]), x) / threshold)


def areas(
    errors: Sequence[float], thresholds: Sequence[float] = CORNER_THRESHOLDS_PX
) -> dict[str, float]:
    """Compute ``auc@3``, ``auc@5`` and ``auc@10``, or those of other thresholds."""
    return {f"auc@{threshold:g}": area_under_curve(errors, threshold) for threshold in thresholds}
