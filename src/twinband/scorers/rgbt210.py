"""RGBT210: PR at 20 px and SR against the one truth, means over the sequences.

Truth: ``NAME/init.txt``, rows ``x,y,w,h`` (spec/benchmarks.md B.7).
"""

from pathlib import Path

from twinband.metrics.tracking import precision, success, track
from twinband.scoring.score import Options, Score
from twinband.scoring.sequences import Layout
from twinband.scoring.tracking import Benchmark, score_tracker

BENCHMARK = Benchmark(
    "rgbt210",
    Layout("RGBT210", ("", "groundtruth", "rgbt210_gt", "gt"), (("{}/init.txt",),), 210),
    track,
    {"pr": precision, "sr": success},
    {
        "pr": "frames with a centre error <= 20 px",
        "sr": "mean over 21 thresholds of the share of frames with IoU > t",
        "mean": "over sequences",
        "boxes": "corners x1 y1 x2 y1 x2 y2 x1 y2 have the width x2 - x1",
        "first frame": "counts",
    },
)


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a tracker's folder; `scoring.tracking.score_tracker` says what is refused."""
    return score_tracker(BENCHMARK, predictions, truth, options)
