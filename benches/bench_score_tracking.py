"""Scoring a tracker on 245 sequences as long as LasHeR's, beside a loop over frames.

The loop is the plain form of the protocol: a function of two boxes for each number of each frame.
Both read the same files; the numbers are checked to be equal.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benches._record import record
from twinband.scorers import lasher
from twinband.scoring.score import Options

SEQUENCES, FRAMES = 245, 220_703  # LasHeR's testing set


def write_files(place: Path) -> None:
    """Write truths with absent targets, and results that lose them now and then."""
    rng = np.random.default_rng(0)
    cuts = np.sort(rng.choice(np.arange(40, FRAMES - 40), SEQUENCES - 1, replace=False))
    for number, frames in enumerate(np.diff([0, *cuts, FRAMES])):
        steps = rng.integers(-3, 4, (frames, 4)).cumsum(0)
        truth = np.abs(steps) + np.array([200, 150, 40, 60])
        result = truth + rng.integers(-12, 13, truth.shape)
        result[rng.random(frames) < 0.01, 2] = 0
        truth[rng.random(frames) < 0.003] = 0
        for folder, rows in (("truth", truth), ("results", result)):
            path = place / folder / f"sequence{number:03d}.txt"
            path.parent.mkdir(exist_ok=True)
            np.savetxt(path, rows, "%d", ",")


def loop_over_frames(place: Path) -> dict[str, float]:
    """Score frame by frame in single precision."""
    found: dict[str, list[float]] = {"pr": [], "npr": [], "sr": []}
    for path in sorted((place / "truth").iterdir()):
        truth = np.loadtxt(path, np.float32, delimiter=",", ndmin=2)
        result = np.loadtxt(place / "results" / path.name, np.float32, delimiter=",", ndmin=2)
        result[0] = truth[0]
        for frame in range(1, len(truth)):
            if result[frame][2] <= 0 or result[frame][3] <= 0:
                result[frame] = result[frame - 1].copy()
        for name, function in (("pr", distance), ("npr", normalised), ("sr", overlap)):
            errors = np.array(
                [function(one, true) for one, true in zip(result, truth, strict=True)]
            )
            for frame in range(len(truth)):
                if (truth[frame] <= 0).any():
                    errors[frame] = -1
            if name == "sr":
                shares = [np.mean(errors > t) for t in np.linspace(0, 1, 21)]
            else:
                shares = [np.mean(errors <= (20 if name == "pr" else np.linspace(0, 0.5, 51)[20]))]
            found[name].append(float(np.mean(shares)))
    return {name: 100 * float(np.mean(shares)) for name, shares in found.items()}


def distance(one: np.ndarray, true: np.ndarray) -> float:
    """Compute the distance between the centres of two boxes."""
    across = one[0] + (one[2] - 1) / 2 - (true[0] + (true[2] - 1) / 2)
    down = one[1] + (one[3] - 1) / 2 - (true[1] + (true[3] - 1) / 2)
    return float(np.sqrt(across**2 + down**2))


def normalised(one: np.ndarray, true: np.ndarray) -> float:
    """Compute the distance in widths and heights of the true box."""
    width, height = true[2] + np.float32(1e-8), true[3] + np.float32(1e-8)
    across = (one[0] + (one[2] - 1) / 2) / width - (true[0] + (true[2] - 1) / 2) / width
    down = (one[1] + (one[3] - 1) / 2) / height - (true[1] + (true[3] - 1) / 2) / height
    return float(np.sqrt(across**2 + down**2))


def overlap(one: np.ndarray, true: np.ndarray) -> float:
    """Compute the intersection over union of two boxes."""
    left, top = max(one[0], true[0]), max(one[1], true[1])
    right = min(one[2] + one[0] - 1, true[2] + true[0] - 1)
    bottom = min(one[3] + one[1] - 1, true[3] + true[1] - 1)
    shared = max(0, right - left + 1) * max(0, bottom - top + 1)
    total = one[2] * one[3] + true[2] * true[3] - shared
    return float(shared / total) if total else 0.0


def seconds(work: Callable[[], object]) -> float:
    """Measure one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure and record."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_files(place)
        ours = lasher.score(place / "results", place / "truth", Options()).values
        theirs = loop_over_frames(place)
        if any(abs(ours[name] - value) > 1e-9 for name, value in theirs.items()):
            raise SystemExit(f"the scores differ: {dict(ours)} and {theirs}")
        taken = min(
            seconds(lambda: lasher.score(place / "results", place / "truth", Options()))
            for _ in range(3)
        )
        loop = seconds(lambda: loop_over_frames(place))
    record(
        "score_tracking",
        {
            "sequences": SEQUENCES,
            "frames": FRAMES,
            "loop_over_frames_s": round(loop, 2),
            "score_s": round(taken, 2),
            "times_as_fast": round(loop / taken, 1),
        },
    )


if __name__ == "__main__":
    main()
