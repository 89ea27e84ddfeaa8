"""LasHeR's testing set of 245 sequences: PR at 20 px, normalised PR, SR (spec/benchmarks.md B.7).

Truth: ``NAME.txt``, or ``NAME/init.txt`` as in the dataset, rows ``x,y,w,h``, and
``testingsetList.txt`` or ``lashertest.txt`` here or above. Names may hold a back-tick.
"""

from pathlib import Path

from twinband.metrics.tracking import lasher_track, normalised_precision, precision, success
from twinband.scoring.score import Options, Score
from twinband.scoring.sequences import Layout
from twinband.scoring.tracking import Benchmark, score_tracker

BENCHMARK = Benchmark(
    "lasher",
    Layout(
        "LasHeR testing set",
        ("", "lasher_gt", "testingset"),
        (("{}/init.txt",), ("{}/visible.txt",), ("{}.txt",)),
        245,
        "54e6e68342c51cf79598beddad149fe58563f8f2b5c513ff5a30557c295de235",
    ),
    lasher_track,
    {"pr": precision, "npr": normalised_precision, "sr": success},
    {
        "pr": "frames with a centre error <= 20 px",
        "npr": "frames with a centre error, in widths and heights of the truth, <= 0.2",
        "sr": "mean over 21 thresholds of the share of frames with IoU > t",
        "mean": "over sequences",
        "boxes": "corners x1 y1 x2 y1 x2 y2 x1 y2 have the width x2 - x1",
        "first frame": "replaced by the truth",
        "no target": "where the truth holds a value <= 0: a success in PR and NPR, a failure in SR",
    },
    without_area="the box before it is taken",
)


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a tracker's folder; `scoring.tracking.score_tracker` says what is refused."""
    return score_tracker(BENCHMARK, predictions, truth, options)
