"""Registration of real aligned pairs that were moved by a known similarity.

Run with the folder that holds the data sets: ``python -m benches.bench_registration DATA``. A
motion of size ``s`` is a rotation of up to 2 s/18 degrees, a relative scale of up to 0.05 s/18
and a shift of up to ``s`` px an axis. The error is the mean distance of the corners from their true
places; a pair that was not accepted counts as identity, and "worse" means more than 0.5 px worse
than doing nothing. The true places depend on the reference:

- ``known motion`` takes the published pairs as aligned. This is the primary figure.
- ``consistency`` composes the known motion with the registration of the published pair itself,
  where that is trusted: it separates errors of the search from misalignment as published.

Size 0 leaves the pairs as published: ``found_px`` is the distance the search would move them.
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
    Trial,
    Trials,
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
    """Use one thread in a worker; numpy's are set by the environment that workers inherit."""
    cv2.setNumThreads(1)


def row(
    name: str, method: str, reference: str, size: int | str, of: int, trials: Sequence[Trial]
) -> Row:
    """Summarise trials; ``of`` is the number of pairs they were chosen from."""
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


def published_row(name: str, of: int, registrations: Sequence[Registration]) -> Row:
    """Summarise how far the search would move pairs that were not moved."""
    statuses = [r.status for r in registrations]
    trusted = [r.motion_px for r in registrations if r.status != "failed"] or [float("nan")]
    low, middle, high = np.percentile(trusted, (10, 50, 90))
    return {
        "set": name,
        "method": SEARCH,
        "reference": "as published",
        "size_px": 0,
        "n": len(registrations),
        "of": of,
        **{status: statuses.count(status) for status in STATUSES},  # type: ignore[arg-type]
        "found_px_10": round(float(low), 2),
        "found_px_50": round(float(middle), 2),
        "found_px_90": round(float(high), 2),
    }


def area_under_curve(good: Iterable[float], bad: Iterable[float]) -> float:
    """Compute the chance that a good pair's figure is below a bad one's, ties counting half."""
    rows, columns = np.array(list(good))[:, None], np.array(list(bad))[None]
    return float(((rows < columns) + 0.5 * (rows == columns)).mean())


def wrong_jobs(pairs: list[PathPair]) -> list[PathPair]:
    """Draw pairs of different scenes."""
    generator = np.random.default_rng(7)
    jobs: list[PathPair] = []
    while len(jobs) < WRONG_PAIRS:
        one, other = generator.choice(len(pairs), 2, replace=False)
        if abs(one - other) >= WRONG_APART:
            jobs.append((pairs[one][0], pairs[other][1]))
    return jobs


def large_enough(paths: PathPair) -> bool:
    """Tell whether the part for a rig can be cut out."""
    rgb = read(paths)[0]
    return rgb.shape[1] >= RIG_SIZE[0] and rgb.shape[0] >= RIG_SIZE[1]


def moved_rows(name: str, of: int, trials: Sequence[Trials]) -> list[Row]:
    """Summarise trials as published, and of every size against both references."""
    rows = [published_row(name, of, [t.published for t in trials])]
    for index, size in enumerate(SIZES_PX):
        primary = [t.primary[index] for t in trials]
        consistent = [t.consistent[index] for t in trials if t.consistent]
        rows.append(row(name, SEARCH, "known motion", size, of, primary))
        if consistent:
            rows.append(row(name, SEARCH, "consistency", size, of, consistent))
    return rows


def rig_jobs(pairs: list[PathPair]) -> list[tuple[list[PathPair], int]]:
    """Make rigs whose pairs are spread over the data set."""
    large = [paths for paths in pairs if large_enough(paths)]
    spread = [large[i] for i in np.linspace(0, len(large) - 1, RIGS * RIG_PAIRS).astype(int)]
    return [(spread[rig::RIGS], rig) for rig in range(RIGS)]


def compared_rows(root: Path, pool: Executor) -> list[Row]:
    """Summarise the rival methods, on fewer pairs."""
    jobs = [(paths, seed) for seed, paths in enumerate(chosen(root, "roadscene"))]
    results = list(pool.map(compared_trial, jobs[:: len(jobs) // COMPARED_PAIRS]))
    of, size = len(available(root, "roadscene")), COMPARED_SIZE_PX
    return [
        row("roadscene", method, "known motion", size, of, trials)
        for method, trials in zip(METHODS, zip(*results, strict=True), strict=True)
    ]


def wrong_row(root: Path, pool: Executor, right: Sequence[Trial]) -> Row:
    """Summarise wrong scenes, and how well they are told from the ``right`` ones."""
    wrong = list(pool.map(wrong_trial, wrong_jobs(available(root, "roadscene"))))
    statuses = [r.status for r in wrong]
    auc = area_under_curve(
        (r.forward_backward_px for r in right), (r.forward_backward_px for r in wrong)
    )
    return {
        "set": "roadscene, wrong scenes",
        "method": SEARCH,
        "n": len(wrong),
        **{status: statuses.count(status) for status in STATUSES},  # type: ignore[arg-type]
        "most_score": round(max(r.score for r in wrong), 3),
        "most_prominence": round(max(r.prominence for r in wrong), 2),
        "forward_backward_auc": round(auc, 4),
    }


def time_row(root: Path, pool: Executor, width: int, height: int) -> Row:
    """Summarise the CPU seconds of one pair at a given size."""
    jobs = [(paths, width, height) for paths in available(root, "roadscene")[:TIMED_PAIRS]]
    seconds = list(pool.map(timed_trial, jobs))
    median = round(float(np.median(seconds)), 3)
    name = f"roadscene at {width}x{height}"
    return {"set": name, "method": SEARCH, "n": len(seconds), "cpu_s": median}


def run(root: Path, pool: Executor) -> list[Row]:
    """Measure all rows."""
    rows: list[Row] = []
    trials: list[Trial] = []
    for name in LAYOUTS:
        moved = list(pool.map(pair_trials, [(p, s) for s, p in enumerate(chosen(root, name))]))
        rows += moved_rows(name, len(available(root, name)), moved)
        trials += [trial for of_pair in moved for trial in of_pair.primary]
    rigs = list(pool.map(rig_trials, rig_jobs(available(root, "roadscene"))))
    rows += moved_rows(f"roadscene, rigs of {RIG_PAIRS}", RIGS, rigs)
    rows += compared_rows(root, pool)
    pairs = deformed(root)
    deformed_trials = list(pool.map(deformed_trial, pairs))
    rows.append(row("superfusion", SEARCH, "known field", "-", len(pairs), deformed_trials))
    rows.append(wrong_row(root, pool, trials))
    return rows + [time_row(root, pool, *size) for size in TIMED_SIZES]


def main() -> None:
    """Measure and record."""
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
