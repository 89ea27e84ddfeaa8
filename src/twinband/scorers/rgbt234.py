"""RGBT234: MPR at 20 px and MSR, means over the sequences (spec/benchmarks.md B.7).

Truth: ``NAME/visible.txt`` and ``NAME/infrared.txt``, rows ``x,y,w,h``; attributes and the list in
``attr_txt``. The better of the two cameras counts, frame by frame.
"""

from pathlib import Path

from twinband.metrics.tracking import better_track, precision, success
from twinband.scoring.score import Options, Score
from twinband.scoring.sequences import Layout
from twinband.scoring.tracking import Benchmark, score_tracker

BENCHMARK = Benchmark(
    "rgbt234",
    Layout(
        "RGBT234",
        ("", "rgbt234_gt", "gt", "gt/rgbt234_gt"),
        (("{}/visible.txt", "{}/infrared.txt"),),
        234,
        "5a73e1891953921370d29f0bae4a7afe986dba928968ac0f992d5b08fe4fef42",
    ),
    better_track,
    {"mpr": precision, "msr": success},
    {
        "mpr": "frames with a centre error <= 20 px, the lesser of visible and infrared",
        "msr": "mean over 21 thresholds of the share of frames with IoU > t, the larger of the two",
        "mean": "over sequences",
        "boxes": "corners x1 y1 x2 y1 x2 y2 x1 y2 have the width x2 - x1",
        "first frame": "counts",
    },
)


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a tracker's folder; `scoring.tracking.score_tracker` says what is refused."""
    return score_tracker(BENCHMARK, predictions, truth, options)
