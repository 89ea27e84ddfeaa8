"""Registration of real aligned pairs that were moved by a known similarity.

Run with the folder that holds the data sets, ``python -m benches.bench_registration DATA``, or
name it in TWINBAND_DATA; without either nothing is measured. A motion of size ``s`` is a rotation
of up to 2 s/18 degrees, a relative scale of up to 0.05 s/18 and a shift of up to ``s`` px an axis.
The error is the mean distance of the corners from where they belong; a pair that was not accepted
counts as identity, and "worse" means by more than 0.5 px than doing nothing.
Size 0 leaves the pairs as published: what is found there is the data sets' own misalignment,
below which no error of the other sizes can be told.
"""

import math
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benches._record import record
from twinband import images
from twinband.registration import Registration, register_pair, register_rig
from twinband.registration.similarity import Frame, Matrix, Similarity, corner_error_px, inverted

SIZES_PX = (4, 10, 18)
LAYOUTS = {  # folders of RGB and thermal, and how many pairs are taken
    "roadscene": ("roadscene/crop_LR_visible", "roadscene/cropinfrared", 80),
    "tno": ("tno42/vi", "tno42/ir", 42),
    "vifb": ("vifb21/VI", "vifb21/IR", 21),
    "llvip": ("llvip_samples/Train_LLVIP_vi", "llvip_samples/Train_LLVIP_ir", 16),
}
WRONG_PAIRS = 300
RIG_PAIRS, RIGS = 8, 10
RIG_SIZE = (400, 240)
SECONDS_PAIRS = 10

Image = NDArray[np.generic]
PathPair = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class Trial:
    """Corner errors in px after and before, and what was said of the pair."""

    error_px: float
    before_px: float
    result: Registration


def listed(root: Path, dataset: str) -> list[PathPair]:
    """Pairs of paths, evenly spread over the data set."""
    rgb, thermal, count = LAYOUTS[dataset]
    there = {path.stem: path for path in (root / thermal).iterdir()}
    both = [(p, there[p.stem]) for p in sorted((root / rgb).iterdir()) if p.stem in there]
    chosen = np.linspace(0, len(both) - 1, min(count, len(both))).astype(int)
    return [both[index] for index in chosen]


def read(paths: PathPair) -> tuple[Image, Image]:
    """RGB and thermal."""
    rgb, thermal = (images.decode(path.read_bytes(), path.name).coloured for path in paths)
    return rgb, thermal


def random_motion(size: float, seed: Sequence[int]) -> Similarity:
    """A motion of size ``size`` px."""
    angle, scale, x, y = np.random.default_rng(seed).uniform(-1, 1, 4)
    share = size / 18
    return Similarity(
        x * size, y * size, math.radians(2) * angle * share, math.log1p(0.05 * scale * share)
    )


def moved(thermal: Image, motion: Similarity) -> tuple[Image, Matrix]:
    """``thermal`` under ``motion``, its edges continued; and the matrix that undoes it."""
    frame = Frame(thermal.shape[1], thermal.shape[0])
    matrix = motion.matrix(frame)
    shape = (frame.width, frame.height)
    image = cv2.warpAffine(thermal, matrix[:2], shape, borderMode=cv2.BORDER_REPLICATE)
    return image, inverted(matrix)


def judged(result: Registration, truth: Matrix, thermal: Image) -> Trial:
    """``result`` against ``truth``."""
    frame = Frame(thermal.shape[1], thermal.shape[0])
    before = corner_error_px(np.eye(3), truth, frame)
    return Trial(corner_error_px(result.matrix, truth, frame), before, result)


def pair_trial(job: tuple[PathPair, int, int]) -> Trial:
    """One pair, moved and registered."""
    paths, size, seed = job
    rgb, thermal = read(paths)
    shifted, truth = moved(thermal, random_motion(size, (size, seed)))
    return judged(register_pair(rgb, shifted), truth, thermal)


def rig_trial(job: tuple[list[PathPair], int, int]) -> Trial:
    """Eight pairs of one size, all moved alike and registered together."""
    paths, size, seed = job
    motion = random_motion(size, (size, seed, 1))
    width, height = RIG_SIZE
    pairs = []
    for rgb, thermal in map(read, paths):
        top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
        part = np.s_[top : top + height, left : left + width]
        shifted, truth = moved(np.ascontiguousarray(thermal[part]), motion)
        pairs.append((rgb[part], shifted))
    return judged(register_rig(pairs), truth, pairs[0][1])


def wrong_trial(job: tuple[Path, Path]) -> Registration:
    """The RGB image of one scene with the thermal image of another."""
    rgb, thermal = read(job)
    height, width = (min(rgb.shape[axis], thermal.shape[axis]) for axis in (0, 1))
    return register_pair(rgb[:height, :width], thermal[:height, :width])


def table(trials: Sequence[Trial]) -> dict[str, float | int | str]:
    """What the targets speak of."""
    after = np.array([trial.error_px for trial in trials])
    before = np.array([trial.before_px for trial in trials])
    return {
        "n": len(trials),
        "before_px": round(float(np.median(before)), 2),
        "median_px": round(float(np.median(after)), 2),
        "under_5_px": round(float((after < 5).mean()), 3),
        "worse": round(float((after > before + 0.5).mean()), 3),
        "accepted": sum(trial.result.status == "accepted" for trial in trials),
    }


def area_under_curve(good: Sequence[float], bad: Sequence[float]) -> float:
    """Chance that a good pair's figure is below a bad one's, ties counting half."""
    one, other = np.array(good)[:, None], np.array(bad)[None]
    return float(((one < other) + 0.5 * (one == other)).mean())


def seconds(job: PathPair, width: int, height: int) -> float:
    """Seconds of one registration at a given size."""
    rgb, thermal = (cv2.resize(image, (width, height)) for image in read(job))
    shifted, _ = moved(thermal, random_motion(10, (0,)))
    begin = time.perf_counter()
    register_pair(rgb, shifted)
    return time.perf_counter() - begin


def wrong_jobs(road: list[PathPair]) -> list[PathPair]:
    """Pairs of different scenes, at least eight pictures apart."""
    generator = np.random.default_rng(7)
    jobs: list[PathPair] = []
    while len(jobs) < WRONG_PAIRS:
        one, other = generator.choice(len(road), 2, replace=False)
        if abs(one - other) >= 8:
            jobs.append((road[one][0], road[other][1]))
    return jobs


def large_enough(paths: PathPair) -> bool:
    """Whether a rig's part can be cut out."""
    rgb = read(paths)[0]
    return rgb.shape[1] >= RIG_SIZE[0] and rgb.shape[0] >= RIG_SIZE[1]


def run(root: Path, pool: Executor) -> dict[str, float | int | str]:
    """All figures, flat."""
    figures: dict[str, float | int | str] = {}
    road = listed(root, "roadscene")
    true: list[Trial] = []
    for size in (0, *SIZES_PX):
        for dataset in LAYOUTS:
            jobs = [(paths, size, seed) for seed, paths in enumerate(listed(root, dataset))]
            trials = list(pool.map(pair_trial, jobs))
            true += trials
            figures |= {f"{dataset}_{size}_{k}": v for k, v in table(trials).items()}
    big = [paths for paths in road if large_enough(paths)]
    for size in SIZES_PX:
        rigs = [
            ([big[(rig + step * RIGS) % len(big)] for step in range(RIG_PAIRS)], size, rig)
            for rig in range(RIGS)
        ]
        trials = list(pool.map(rig_trial, rigs))
        figures |= {f"rig_{size}_{k}": v for k, v in table(trials).items()}
    strangers = list(pool.map(wrong_trial, wrong_jobs(road)))
    figures["wrong_n"] = len(strangers)
    figures["wrong_accepted"] = sum(r.status == "accepted" for r in strangers)
    figures["wrong_left_as_aligned"] = sum(r.status == "already_aligned" for r in strangers)
    figures["forward_backward_auc"] = round(
        area_under_curve(
            [t.result.forward_backward_px for t in true],
            [r.forward_backward_px for r in strangers],
        ),
        4,
    )
    for width, height in ((486, 266), (1024, 768)):
        took = [seconds(paths, width, height) for paths in road[:SECONDS_PAIRS]]
        figures[f"seconds_{width}x{height}"] = round(float(np.median(took)), 3)
    return figures


def main() -> None:
    """Run and record."""
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TWINBAND_DATA", "")
    if not root:
        print("bench_registration: name the folder of the data sets, or set TWINBAND_DATA")
        return
    with ProcessPoolExecutor() as pool:
        figures = run(Path(root), pool)
    record("registration", figures)


if __name__ == "__main__":
    main()
