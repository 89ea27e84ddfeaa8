"""KAIST's log-average miss rate, by the rules of the reference or of the leaderboard's script.

The reference is bbGt.m of Dollár's toolbox as KAIST's authors call it (``strict``). The script
behind the leaderboard (``evalai``) differs in ways that move published numbers: people on images
without a detection leave the denominator, a match with the annotation of id 0 counts as a false
positive, a point before the curve's begin takes the curve's end, the nine points are rounded to
four digits (which moves the day's numbers: 0.0316 times 1455 is 45 false positives, not 46), and
nothing is clipped before the logarithm. Source: spec/benchmarks.md B.3; the rounded points are
told by the scores of two published results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.5
LEFT, TOP, RIGHT, BOTTOM = 5, 5, 635, 507  # truth beyond these is ignored
FPPI = {"strict": 10.0 ** np.arange(-2, 0.25, 0.25)}
FPPI["evalai"] = FPPI["strict"].round(4)
LEAST_MISS = 1e-10  # the logarithm of a perfect recall
FALSE, TRUE, REMOVED = 0, 1, -1  # what a detection is


@dataclass(frozen=True, slots=True)
class Setting:
    """People that are scored: of ``heights`` (px, both ends included) and ``occlusions`` (0 none,
    1 partial, 2 heavy); all others are ignored."""

    heights: tuple[float, float]
    occlusions: tuple[int, ...]


SETTINGS: Mapping[str, Setting] = {
    "reasonable": Setting((55, np.inf), (0, 1)),
    "near": Setting((115, np.inf), (0,)),
    "medium": Setting((45, 115), (0,)),
    "far": Setting((1, 45), (0,)),
    "none": Setting((1, np.inf), (0,)),
    "partial": Setting((1, np.inf), (1,)),
    "heavy": Setting((1, np.inf), (2,)),
    "all": Setting((1, np.inf), (0, 1, 2)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Annotated boxes of all images of a list, in the order of the annotations.

    Attributes:
        images: number of images in the list, with and without boxes.
        image: ``n``, the image of each box, ``0..images-1``.
        boxes: ``n,4``, x, y, width, height in px.
        heights: ``n``, px.
        occlusions: ``n``, 0 to 2.
        ignored: ``n``, what is no single, certain person: people, person?, cyclist.
        zero_id: ``n``, true for the annotation of id 0.
    """

    images: int
    image: NDArray[np.int64]
    boxes: NDArray[np.float64]
    heights: NDArray[np.float64]
    occlusions: NDArray[np.int64]
    ignored: NDArray[np.bool_]
    zero_id: NDArray[np.bool_]

    def scored(self, setting: Setting) -> NDArray[np.bool_]:
        """Tell which boxes a setting scores; it ignores the others."""
        x, y, width, height = self.boxes.T
        least, most = setting.heights
        inside = (x >= LEFT) & (y >= TOP) & (x + width <= RIGHT) & (y + height <= BOTTOM)
        tall = (self.heights >= least) & (self.heights <= most)
        return inside & tall & np.isin(self.occlusions, setting.occlusions) & ~self.ignored


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Detected boxes: ``image`` (``n``, from 0), ``boxes`` (``n,4``, x, y, width, height in px) and
    ``scores`` (``n``), in any order."""

    image: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]


class Evaluation:
    """Detections beside a truth: what overlaps what is found once for all settings."""

    def __init__(self, truth: Truth, detections: Detections, mode: str) -> None:
        """Take ``mode`` ``strict`` or ``evalai``."""
        order = np.lexsort((-detections.scores, detections.image))
        self._truth, self._mode = truth, mode
        self._image, self._scores = detections.image[order], detections.scores[order]
        self._ranked = np.argsort(-self._scores, kind="stable")
        self._seen = np.zeros(truth.images, np.bool_)
        self._seen[self._image] = True
        self._pairs = _overlapping(truth, self._image, detections.boxes[order])
        self._outcomes: dict[str, NDArray[np.int8]] = {}

    def miss_rate(self, name: str, weights: NDArray[np.integer | np.bool_] | None = None) -> float:
        """Compute the log-average miss rate of one of ``SETTINGS``, a share.

        Args:
            weights: how often each image of the list is counted (once by default): 0 and 1 for a
                part of the list, more in a bootstrap.

        Returns:
            NaN if there is nobody to find; with ``evalai`` also if there is no detection.
        """
        times = np.ones(self._truth.images, np.int64) if weights is None else weights.astype(int)
        counted = np.where(self._seen, times, 0) if self._mode == "evalai" else times
        people = int(counted[self._truth.image][self._truth.scored(SETTINGS[name])].sum())
        rows = self._ranked[times[self._image[self._ranked]] > 0]
        if not people or (self._mode == "evalai" and not rows.size):
            return float("nan")
        rows = rows[self._outcome(name)[rows] != REMOVED]
        outcomes, repeats = self._outcome(name)[rows], times[self._image[rows]]
        recall = np.cumsum((outcomes == TRUE) * repeats) / people
        fppi = np.cumsum((outcomes == FALSE) * repeats) / int(times.sum())
        return _log_average(fppi, recall, self._mode)

    def people(self, name: str, images: NDArray[np.bool_] | None = None) -> int:
        """Count the people that a setting scores, on all images or the chosen ones."""
        scored = self._truth.scored(SETTINGS[name])
        return int(scored.sum() if images is None else (scored & images[self._truth.image]).sum())

    def _outcome(self, name: str) -> NDArray[np.int8]:
        if name not in self._outcomes:
            scored = self._truth.scored(SETTINGS[name])
            outcomes = _match(self._pairs, scored, len(self._image))
            self._outcomes[name] = np.where(outcomes >= 0, TRUE, outcomes + 1).astype(np.int8)
            if self._mode == "evalai":
                matched = np.flatnonzero(outcomes >= 0)
                zero = self._truth.zero_id[outcomes[matched]]
                self._outcomes[name][matched[zero]] = FALSE
        return self._outcomes[name]


def miss_rates(
    evaluation: Evaluation, day: NDArray[np.bool_], night: NDArray[np.bool_]
) -> dict[str, float]:
    """Compute the ten numbers of a paper's tables, in percent.

    Args:
        day: which images of the list are of the day.
        night: which are of the night.

    Returns:
        ``reasonable``, ``reasonable_day``, ``reasonable_night``, ``near``, ``medium``, ``far``,
        ``none``, ``partial``, ``heavy``, ``all``; 0 is best, NaN where there is nobody to find.
    """
    rates = {"reasonable": evaluation.miss_rate("reasonable")}
    rates["reasonable_day"] = evaluation.miss_rate("reasonable", day)
    rates["reasonable_night"] = evaluation.miss_rate("reasonable", night)
    rates |= {name: evaluation.miss_rate(name) for name in SETTINGS if name != "reasonable"}
    return {name: 100 * rate for name, rate in rates.items()}


def _overlapping(
    truth: Truth, image: NDArray[np.int64], boxes: NDArray[np.float64]
) -> list[tuple[int, list[tuple[int, float]]]]:
    """List, of each detection that half lies in a box, these boxes and their IoU with it.

    A box that is ignored absorbs a detection by the share of the detection inside it, which is
    never below the IoU: so whatever can match at all is in the list.
    """
    order = np.argsort(truth.image, kind="stable")
    starts = np.searchsorted(truth.image[order], image, "left")
    counts = np.searchsorted(truth.image[order], image, "right") - starts
    found = np.repeat(np.arange(len(image)), counts)
    offsets = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
    true = order[np.repeat(starts, counts) + offsets]
    first, second = boxes[found], truth.boxes[true]
    ends = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    sides = ends - np.maximum(first[:, :2], second[:, :2])
    shared = np.where((sides > 0).all(1), sides.prod(1), 0.0)
    area = first[:, 2] * first[:, 3]
    inside = np.divide(shared, area, out=np.zeros_like(shared), where=shared > 0)
    union = area + second[:, 2] * second[:, 3] - shared
    iou = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    pairs: dict[int, list[tuple[int, float]]] = {}
    for row in np.flatnonzero(inside >= OVERLAP):
        pairs.setdefault(int(found[row]), []).append((int(true[row]), float(iou[row])))
    return list(pairs.items())


def _match(
    pairs: Sequence[tuple[int, Sequence[tuple[int, float]]]],
    scored: NDArray[np.bool_],
    detections: int,
) -> NDArray[np.int64]:
    """Match greedily: best scores first, scored boxes before ignored ones, of equal overlaps the
    later box.

    Returns:
        Of each detection its box, -1 if it has none, -2 if an ignored box absorbs it.
    """
    outcomes = np.full(detections, -1, np.int64)
    is_scored, taken = scored.tolist(), [False] * len(scored)
    for detection, boxes in pairs:
        best, match, none = OVERLAP, -1, -1
        for box, iou in boxes:
            if not is_scored[box]:
                none = -2
            elif iou >= best and not taken[box]:
                best, match = iou, box
        if match >= 0:
            taken[match] = True
        outcomes[detection] = match if match >= 0 else none
    return outcomes


def _log_average(fppi: NDArray[np.float64], recall: NDArray[np.float64], mode: str) -> float:
    """Average the logarithms of the miss rate at the nine points of ``FPPI``."""
    if not recall.size:
        return 1.0
    last = np.searchsorted(fppi, FPPI[mode], "right") - 1
    if mode == "evalai":
        miss = 1 - recall[last]  # -1 is the end of the curve
    else:
        miss = np.maximum(LEAST_MISS, 1 - np.where(last >= 0, recall[last], 0.0))
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(miss).mean()))
