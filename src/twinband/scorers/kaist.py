"""KAIST: the log-average miss rate in the ten settings of papers' tables, in percent.

`twinband.scoring.kaist_files` says what is read, `twinband.metrics.kaist` how it is counted.
Always look at two of the numbers: papers mix ``reasonable`` and ``all``.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.metrics.kaist import SETTINGS, Evaluation, miss_rates
from twinband.scoring.kaist_files import Listed, read_detections, read_truth
from twinband.scoring.score import Options, Score, check_slice

IMPROVED = (4254, 864)  # boxes of the improved test annotations (Liu et al., 2016), and ignored
SIZES = ("near", "medium", "far")
MODES = {
    "strict": "the reference's rules (bbGt): everybody on every image of the list is counted",
    "evalai": "the leaderboard script's: people on images without a detection are not counted",
}


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a text file of detections.

    Args:
        predictions: rows ``index,x,y,w,h,score``.
        truth: ``KAIST_annotation.json``, or a folder of bbGt text.

    Raises:
        InputError: a malformed file, with its line, or a result on another list.
    """
    check_slice(options, "kaist", "hour", "size")
    listed = read_truth(truth)
    detections, remarks = read_detections(predictions, listed)
    evaluation = Evaluation(listed.truth, detections, options.mode)
    day = listed.day()
    values = miss_rates(evaluation, day, ~day)
    silent = len(listed.names) - len(np.unique(detections.image))
    if silent:
        remarks.append(
            f"{silent} of {len(listed.names)} images have no detection; people on them "
            + ("count as missed" if options.mode == "strict" else "are left out, in this mode")
        )
    return Score(
        values,
        _protocol(listed, evaluation, detections.scores.size, day, options.mode),
        _slices(evaluation, day, options.by),
        (*_odd(listed), *remarks),
    )


def _protocol(
    listed: Listed,
    evaluation: Evaluation,
    detections: int,
    day: NDArray[np.bool_],
    mode: str,
) -> dict[str, str]:
    truth = listed.truth
    people = {name: evaluation.people(name) for name in SETTINGS}
    people["reasonable_day"] = evaluation.people("reasonable", day)
    people["reasonable_night"] = evaluation.people("reasonable", ~day)
    improved = (len(truth.boxes), int(truth.ignored.sum())) == IMPROVED
    return {
        "task": "kaist",
        "list": "test-all-20" if listed.is_test_all_20 else "another than test-all-20",
        "annotations": "improved test" if improved else "other than the improved test's",
        "mode": mode,
        "rules": MODES[mode],
        "images": f"{truth.images} ({day.sum()} day, {(~day).sum()} night)",
        "boxes": f"{len(truth.boxes)}, {truth.ignored.sum()} of them ignored in every setting",
        "people": ", ".join(f"{name} {count}" for name, count in people.items()),
        "detections": str(detections),
        "overlap": "IoU of at least 0.5; with ignored boxes, the share of the detection",
        "metric": "log-average miss rate at 0.01 to 1 false positives an image, percent",
        "settings": "heights and occlusions of bbGt: reasonable 55 px and more, none or partial",
    }


def _slices(evaluation: Evaluation, day: NDArray[np.bool_], by: str) -> dict[str, dict[str, float]]:
    """Score every setting at either hour, or every size at all hours and at either."""
    hours = {"all_hours": np.ones_like(day), "day": day, "night": ~day}

    def rate(setting: str, hour: str) -> float:
        return 100 * evaluation.miss_rate(setting, hours[hour])

    if by == "hour":
        return {hour: {name: rate(name, hour) for name in SETTINGS} for hour in ("day", "night")}
    if by == "size":
        return {name: {hour: rate(name, hour) for hour in hours} for name in SIZES}
    return {}


def _odd(listed: Listed) -> list[str]:
    if listed.is_test_all_20:
        return []
    return [
        f"{listed.path}: not the list test-all-20 of 2252 images that papers report on "
        f"({len(listed.names)} images, the first is {listed.names[0]})"
    ]
