"""VTUAV's short-term testing set: PR at 20 px and SR on the annotated frames, every tenth.

Truth: ``NAME/rgb.txt`` and ``NAME/ir.txt``, a row ``x y w h`` for each annotated frame. A result
has a row for every frame, or for the annotated ones only. The better of the two cameras counts,
as in MPR and MSR (spec/benchmarks.md B.7).
"""

from pathlib import Path

from twinband.metrics.tracking import better_track, precision, success
from twinband.scoring.score import Options, Score
from twinband.scoring.sequences import Layout
from twinband.scoring.tracking import Benchmark, score_tracker

BENCHMARK = Benchmark(
    "vtuav",
    Layout("VTUAV test_ST", ("", "test_ST"), (("{}/rgb.txt", "{}/ir.txt"),), 176),
    better_track,
    {"pr": precision, "sr": success},
    {
        "pr": "frames with a centre error <= 20 px, the lesser of visible and infrared",
        "sr": "mean over 21 thresholds of the share of frames with IoU > t, the larger of the two",
        "mean": "over sequences",
        "boxes": "corners x1 y1 x2 y1 x2 y2 x1 y2 have the width x2 - x1",
        "first frame": "counts",
        "annotated": "every tenth frame; those without a box in either camera are left out",
    },
    rounded=False,
    step=10,
)


def score(predictions: Path, truth: Path, options: Options) -> Score:
    """Score a tracker's folder; `scoring.tracking.score_tracker` says what is refused."""
    return score_tracker(BENCHMARK, predictions, truth, options)
