"""KAIST's miss rate as the two published evaluations go about it: loops over images and boxes.

`spec_miss_rate` follows the reference (bbGt.m) and the leaderboard's script step by step, with none
of the shortcuts of `twinband.metrics.kaist`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twinband.metrics.kaist import Detections, Truth

POINTS = {
    "strict": [10 ** (-2 + k / 4) for k in range(9)],
    "evalai": [0.0100, 0.0178, 0.0316, 0.0562, 0.1000, 0.1778, 0.3162, 0.5623, 1.0000],
}


def spec_miss_rate(
    truth: Truth,
    detections: Detections,
    heights: tuple[float, float],
    occlusions: Sequence[int],
    images: Sequence[int],
    mode: str,
) -> float:
    """Compute the log-average miss rate of a setting on a list of images."""
    scores: list[float] = []
    hits: list[bool] = []
    people = 0
    for image in images:
        rows = np.flatnonzero(detections.image == image)
        rows = rows[np.argsort(-detections.scores[rows], kind="stable")]
        boxes = np.flatnonzero(truth.image == image)
        ignored = [_is_ignored(truth, box, heights, occlusions) for box in boxes]
        order = np.argsort(ignored, kind="stable")
        boxes, ignored = boxes[order], [ignored[k] for k in order]
        if mode == "strict" or len(rows):
            people += ignored.count(False)
        for row, box in zip(rows, _match(truth, detections, rows, boxes, ignored), strict=True):
            if box is not None and ignored[box]:
                continue
            scores.append(float(detections.scores[row]))
            lost = mode == "evalai" and box is not None and truth.zero_id[boxes[box]]
            hits.append(box is not None and not lost)
    if not people:
        return float("nan")
    return _log_average(scores, hits, people, len(images), mode)


def _is_ignored(
    truth: Truth, box: int, heights: tuple[float, float], occlusions: Sequence[int]
) -> bool:
    x, y, width, height = truth.boxes[box]
    edges = x < 5 or y < 5 or x + width > 635 or y + height > 507
    size = not heights[0] <= truth.heights[box] <= heights[1]
    return bool(truth.ignored[box] or edges or size or truth.occlusions[box] not in occlusions)


def _match(
    truth: Truth,
    detections: Detections,
    rows: NDArray[np.int64],
    boxes: NDArray[np.int64],
    ignored: Sequence[bool],
) -> list[int | None]:
    taken = [False] * len(boxes)
    result: list[int | None] = []
    for row in rows:
        best, match = 0.5, None
        for number, box in enumerate(boxes):
            if taken[number]:
                continue
            if match is not None and not ignored[match] and ignored[number]:
                break
            overlap = _overlap(detections.boxes[row], truth.boxes[box], ignored[number])
            if overlap >= best:
                best, match = overlap, number
        if match is not None and not ignored[match]:
            taken[match] = True
        result.append(match)
    return result


def _overlap(found: NDArray[np.float64], true: NDArray[np.float64], ignored: bool) -> float:
    width = min(found[0] + found[2], true[0] + true[2]) - max(found[0], true[0])
    height = min(found[1] + found[3], true[1] + true[3]) - max(found[1], true[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    area = found[2] * found[3]
    return float(shared / (area if ignored else area + true[2] * true[3] - shared))


def _log_average(
    scores: list[float], hits: list[bool], people: int, images: int, mode: str
) -> float:
    order = np.argsort([-score for score in scores], kind="stable")
    recall, fppi, right, wrong = [], [], 0, 0
    for row in order:
        right, wrong = right + hits[row], wrong + (not hits[row])
        recall.append(right / people)
        fppi.append(wrong / images)
    logs = []
    for point in POINTS[mode]:
        reached = [r for r, x in zip(recall, fppi, strict=True) if x <= point]
        at_point = reached[-1] if reached else 0.0
        if mode == "evalai" and not reached and recall:
            at_point = recall[-1]
        miss = 1 - at_point
        if mode == "strict":
            miss = max(1e-10, miss)
        logs.append(np.log(miss) if miss > 0 else -np.inf)
    return float(np.exp(np.mean(logs)))
