"""Registration of real aligned pairs that were moved by a known similarity.

Run with the folder that holds the data sets: ``python -m benches.bench_registration DATA``. A
motion of size ``s`` is a rotation of up to 2 s/18 degrees, a relative scale of up to 0.05 s/18
and a shift of up to ``s`` px an axis. The error is the mean distance of the corners from where
they belong; a pair that was not accepted counts as identity, and "worse" means by more than
0.5 px than doing nothing. Where they belong is told by the reference:

- ``known motion`` takes the published pairs for aligned. This is the primary figure.
- ``consistency`` composes the known motion with what was found for the published pair itself,
  where that could be trusted: it tells errors of the search from misalignment as published.

Size 0 leaves the pairs as published: ``found_px`` is how far the search would move them.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from benches._record import record
from benches._registration_data import LAYOUTS, PathPair, available, chosen, deformed, read
from benches._registration_trials import (
    COMPARED_SIZE_PX,
    RIG_SIZE,
    SIZES_PX,
    Found,
    Trial,
    compared_trial,
    deformed_trial,
    pair_trials,
    rig_trials,
    timed_trial,
    wrong_trial,
)
from twinband.registration.register import Registration

WRONG_PAIRS = 300
WRONG_APART = 8  # pictures between two scenes of one drive
RIG_PAIRS, RIGS = 8, 8
COMPARED_PAIRS = 10
TIMED_PAIRS = 6
TIMED_SIZES = ((486, 266), (1024, 768))
SEARCH = "search"
METHODS = ("gradient ECC, affine", "mutual information, affine")  # of ``compared_trial``
STATUSES = ("accepted", "already_aligned", "failed")

Row = dict[str, float | int | str]


def single_threaded() -> None:
    """One thread a worker; numpy's own are set by the environment that workers inherit."""
    cv2.setNumThreads(1)


def row(
    name: str, method: str, reference: str, size: int | str, of: int, trials: Sequence[Trial]
) -> Row:
    """What the targets speak of; ``of`` is how many there were to take from."""
    after = np.array([trial.after_px for trial in trials])
    before = np.array([trial.before_px for trial in trials])
    statuses = [trial.status for trial in trials]
    return {
        "set": name,
        "method": method,
        "reference": reference,
        "size_px": size,
        "n": len(trials),
        "of": of,
        "before_px": round(float(np.median(before)), 2),
        "median_px": round(float(np.median(after)), 2),
        "under_5_px": round(float((after < 5).mean()), 3),
        "worse": round(float((after > before + 0.5).mean()), 3),
        "accepted": statuses.count("accepted"),
        "already_aligned": statuses.count("already_aligned"),
        "failed": statuses.count("failed"),
        "cpu_s": round(float(np.median([trial.cpu_s for trial in trials])), 3),
    }


def published_row(name: str, of: int, found: Sequence[Registration]) -> Row:
    """How far the search would move pairs that were not moved."""
    statuses = [one.status for one in found]
    trusted = [one.motion_px for one in found if one.status != "failed"] or [float("nan")]
    low, middle, high = np.percentile(trusted, (10, 50, 90))
    return {
        "set": name,
        "method": SEARCH,
        "reference": "as published",
        "size_px": 0,
        "n": len(found),
        "of": of,
        **{status: statuses.count(status) for status in STATUSES},  # type: ignore[arg-type]
        "found_px_10": round(float(low), 2),
        "found_px_50": round(float(middle), 2),
        "found_px_90": round(float(high), 2),
    }


def area_under_curve(good: Iterable[float], bad: Iterable[float]) -> float:
    """Chance that a good pair's figure is below a bad one's, ties counting half."""
    one, other = np.array(list(good))[:, None], np.array(list(bad))[None]
    return float(((one < other) + 0.5 * (one == other)).mean())


def wrong_jobs(pairs: list[PathPair]) -> list[PathPair]:
    """Pairs of different scenes."""
    generator = np.random.default_rng(7)
    jobs: list[PathPair] = []
    while len(jobs) < WRONG_PAIRS:
        one, other = generator.choice(len(pairs), 2, replace=False)
        if abs(one - other) >= WRONG_APART:
            jobs.append((pairs[one][0], pairs[other][1]))
    return jobs


def large_enough(paths: PathPair) -> bool:
    """Whether a rig's part can be cut out."""
    rgb = read(paths)[0]
    return rgb.shape[1] >= RIG_SIZE[0] and rgb.shape[0] >= RIG_SIZE[1]


def moved_rows(name: str, of: int, found: Sequence[Found]) -> list[Row]:
    """As published, and every size against both references."""
    rows = [published_row(name, of, [one.still for one in found])]
    for index, size in enumerate(SIZES_PX):
        primary = [one.primary[index] for one in found]
        consistent = [one.consistent[index] for one in found if one.consistent]
        rows.append(row(name, SEARCH, "known motion", size, of, primary))
        if consistent:
            rows.append(row(name, SEARCH, "consistency", size, of, consistent))
    return rows


def rig_jobs(pairs: list[PathPair]) -> list[tuple[list[PathPair], int]]:
    """Rigs whose pairs are spread over the data set."""
    big = [paths for paths in pairs if large_enough(paths)]
    even = [big[i] for i in np.linspace(0, len(big) - 1, RIGS * RIG_PAIRS).astype(int)]
    return [(even[rig::RIGS], rig) for rig in range(RIGS)]


def compared_rows(root: Path, pool: Executor) -> list[Row]:
    """Other methods, on fewer pairs."""
    jobs = [(paths, seed) for seed, paths in enumerate(chosen(root, "roadscene"))]
    found = list(pool.map(compared_trial, jobs[:: len(jobs) // COMPARED_PAIRS]))
    of, size = len(available(root, "roadscene")), COMPARED_SIZE_PX
    return [
        row("roadscene", method, "known motion", size, of, trials)
        for method, trials in zip(METHODS, zip(*found, strict=True), strict=True)
    ]


def wrong_row(root: Path, pool: Executor, right: Sequence[Trial]) -> Row:
    """Wrong scenes, and how well they are told from the ``right`` ones."""
    found = list(pool.map(wrong_trial, wrong_jobs(available(root, "roadscene"))))
    statuses = [one.status for one in found]
    auc = area_under_curve(
        (one.forward_backward_px for one in right), (one.forward_backward_px for one in found)
    )
    return {
        "set": "roadscene, wrong scenes",
        "method": SEARCH,
        "n": len(found),
        **{status: statuses.count(status) for status in STATUSES},  # type: ignore[arg-type]
        "most_score": round(max(one.score for one in found), 3),
        "most_prominence": round(max(one.prominence for one in found), 2),
        "forward_backward_auc": round(auc, 4),
    }


def time_row(root: Path, pool: Executor, width: int, height: int) -> Row:
    """CPU seconds of one pair at a given size."""
    jobs = [(paths, width, height) for paths in available(root, "roadscene")[:TIMED_PAIRS]]
    took = list(pool.map(timed_trial, jobs))
    middle = round(float(np.median(took)), 3)
    name = f"roadscene at {width}x{height}"
    return {"set": name, "method": SEARCH, "n": len(took), "cpu_s": middle}


def run(root: Path, pool: Executor) -> list[Row]:
    """All rows."""
    rows: list[Row] = []
    trials: list[Trial] = []
    for name in LAYOUTS:
        found = list(pool.map(pair_trials, [(p, s) for s, p in enumerate(chosen(root, name))]))
        rows += moved_rows(name, len(available(root, name)), found)
        trials += [trial for one in found for trial in one.primary]
    rigs = list(pool.map(rig_trials, rig_jobs(available(root, "roadscene"))))
    rows += moved_rows(f"roadscene, rigs of {RIG_PAIRS}", RIGS, rigs)
    rows += compared_rows(root, pool)
    known = deformed(root)
    undone = list(pool.map(deformed_trial, known))
    rows.append(row("superfusion", SEARCH, "known field", "-", len(known), undone))
    rows.append(wrong_row(root, pool, trials))
    return rows + [time_row(root, pool, *size) for size in TIMED_SIZES]


def main() -> None:
    """Run and record."""
    if len(sys.argv) != 2:
        print("bench_registration: name the folder of the data sets as the only argument")
        return
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[library] = "1"
    with ProcessPoolExecutor(2, get_context("spawn"), single_threaded) as pool:
        rows = run(Path(sys.argv[1]), pool)
    record("registration", *rows)


if __name__ == "__main__":
    main()
