"""GTOT, 50 sequences: MPR at 5 px and MSR of all frames together (spec/benchmarks.md B.7).

Truth: ``NAME/groundTruth_v.txt`` and ``groundTruth_i.txt``, rows ``x1 y1 x2 y2``, and
``SequencesName.txt``. The better of the two cameras counts, frame by frame.
"""

from pathlib import Path

from twinband.metrics.tracking import better_track, from_edges, gtot_precision, gtot_success
from twinband.scoring.score import Options, Score
from twinband.scoring.sequences import Layout
from twinband.scoring.tracking import Benchmark, score_tracker

BENCHMARK = Benchmark(
    "gtot",
    Layout(
        "GTOT",
        ("", "groundtruth"),
        (("{}/groundTruth_v.txt", "{}/groundTruth_i.txt"),),
        50,
        "2d675980b974d32e84f36ba4ce8a91da78df876c95d5c11c589f63c9a1ad2168",
    ),
    better_track,
    {"mpr": gtot_precision, "msr": gtot_success},
    {
        "mpr": "frames with a centre error < 5 px, the lesser of visible and infrared",
        "msr": "area by trapezoids below 21 shares of frames with IoU > t, the larger of the two",
        "mean": "over all frames of all sequences together",
        "boxes": "width x2 - x1",
        "first frame": "counts",
    },
    boxes=from_edges,
)


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a tracker's folder; `scoring.tracking.score_tracker` says what is refused."""
    return score_tracker(BENCHMARK, predictions, truth, options)
