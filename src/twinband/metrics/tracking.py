"""Scores of RGB-thermal trackers: precision and success of one sequence, and of a benchmark.

Rules are those of RGBT_toolkit, by which the benchmarks' numbers are published (spec/benchmarks.md
B.7). It computes in single precision, and so does this: integer boxes overlap by exactly k/20 in
one frame of a hundred, and whether that is above the threshold k/20 (success is a strict ``>``)
is decided by the rounding. In double precision MSR of GTOT would be 0.04 points lower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # frames,4: x, y, width, height in pixels
Errors = NDArray[np.float32]  # frames

OVERLAPS = np.linspace(0, 1, 21)
PRECISION_PX = 20
GTOT_PRECISION_PX = 5  # GTOT's objects are small
NORMALISED_PRECISION = np.linspace(0, 0.5, 51)[20]  # 0.2 in double precision, below single's
NO_TARGET = -1.0
_TINY = np.float32(1e-8)


@dataclass(frozen=True, slots=True)
class Track:
    """Errors of a tracker in the frames of one sequence.

    Attributes:
        distance: between the centres, pixels.
        overlap: intersection over union, 0 to 1.
        normalised: distance with x in widths and y in heights of the true box.

    Where the truth has no target all three may be ``NO_TARGET``.
    """

    distance: Errors
    overlap: Errors
    normalised: Errors

    def __len__(self) -> int:
        return len(self.distance)


def from_corners(rows: NDArray[np.float64]) -> Boxes:
    """Convert ``x1 y1 x2 y1 x2 y2 x1 y2`` (frames,8) to boxes; the width is ``x2 - x1``."""
    return np.stack([rows[:, 0], rows[:, 1], rows[:, 2] - rows[:, 0], rows[:, 5] - rows[:, 1]], 1)


def from_edges(rows: NDArray[np.float64]) -> Boxes:
    """Convert ``x1 y1 x2 y2`` (frames,4) to boxes; the width is ``x2 - x1``."""
    return np.concatenate([rows[:, :2], rows[:, 2:] - rows[:, :2]], 1)


def track(result: Boxes, truth: Boxes) -> Track:
    """Compare the boxes of a tracker with the true ones, both (frames,4)."""
    found, true = result.astype(np.float32), truth.astype(np.float32)
    distance = np.sqrt(np.square(_centre(found) - _centre(true)).sum(1))
    size = true[:, 2:] + _TINY
    normalised = np.sqrt(np.square(_centre(found) / size - _centre(true) / size).sum(1))
    return Track(distance, _overlap(found, true), normalised)


def better_track(result: Boxes, visible: Boxes, infrared: Boxes) -> Track:
    """Compare with two truths and keep, frame by frame, the lesser error and the larger overlap.

    This is the "maximum" of MPR and MSR: the two cameras do not see the target in one place.
    """
    one, other = track(result, visible), track(result, infrared)
    return Track(
        np.minimum(one.distance, other.distance),
        np.maximum(one.overlap, other.overlap),
        np.minimum(one.normalised, other.normalised),
    )


def lasher_track(result: Boxes, truth: Boxes) -> Track:
    """Compare by LasHeR's rules; ``result`` has a row for every frame of the truth.

    The first frame is the truth's. A box without area is the one before it; NaN is a miss. A frame
    whose truth holds any value <= 0 has no target and gets ``NO_TARGET`` for all errors: that is
    below every threshold of precision, a success, and above none of overlap, a failure.
    """
    result = result.copy()
    result[0] = truth[0]
    last = np.where((result[:, 2:] <= 0).any(1), 0, np.arange(len(result)))
    found = track(result[np.maximum.accumulate(last)], truth)
    absent = (truth <= 0).any(1)
    for errors in (found.distance, found.overlap, found.normalised):
        errors[absent] = NO_TARGET
    return found


def precision(tracks: Sequence[Track]) -> float:
    """Compute PR (or MPR) in percent: frames within 20 px, a mean over sequences."""
    return _mean([float(np.mean(one.distance <= PRECISION_PX)) for one in tracks])


def normalised_precision(tracks: Sequence[Track]) -> float:
    """Compute NPR in percent: frames within 0.2 sizes of the target, a mean over sequences."""
    return _mean([float(np.mean(one.normalised <= NORMALISED_PRECISION)) for one in tracks])


def success(tracks: Sequence[Track]) -> float:
    """Compute SR (or MSR) in percent: frames with an overlap above each of 21 thresholds.

    A mean over thresholds, then over sequences. A perfect tracker has 20/21, for no overlap is
    above 1.
    """
    return _mean([float(np.mean(one.overlap[:, None] > OVERLAPS)) for one in tracks])


def gtot_precision(tracks: Sequence[Track]) -> float:
    """Compute GTOT's MPR in percent: frames nearer than 5 px, of all sequences' frames together."""
    if not tracks:
        return float("nan")
    distance = np.concatenate([one.distance for one in tracks])
    return 100 * float(np.mean(distance < GTOT_PRECISION_PX))


def gtot_success(tracks: Sequence[Track]) -> float:
    """Compute GTOT's MSR in percent: the area below the success curve, by trapezoids.

    The curve is that of all sequences' frames together. A perfect tracker has 97.5.
    """
    if not tracks:
        return float("nan")
    overlap = np.concatenate([one.overlap for one in tracks])
    return 100 * float(np.trapezoid(np.mean(overlap[:, None] > OVERLAPS, 0), OVERLAPS))


def _mean(shares: Sequence[float]) -> float:
    return 100 * float(np.mean(shares)) if shares else float("nan")


def _centre(boxes: Errors) -> Errors:
    return boxes[:, :2] + (boxes[:, 2:] - np.float32(1)) / np.float32(2)


def _overlap(found: Errors, true: Errors) -> Errors:
    one = np.float32(1)  # the last pixel of a box is x + w - 1: in the toolkit's order, to the bit
    ends = np.minimum(found[:, 2:] + found[:, :2] - one, true[:, 2:] + true[:, :2] - one)
    sides = np.maximum(0, ends - np.maximum(found[:, :2], true[:, :2]) + one)
    shared = sides[:, 0] * sides[:, 1]
    union = found[:, 3] * found[:, 2] + true[:, 3] * true[:, 2] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
