"""Pairs a second through ingest for RoadScene-sized JPEG pass-through, and its memory.

The baseline in the same run does the least possible work: read both files, decode them, write both
into a tar with webdataset, in one process and without checks.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import webdataset

from benches._record import record
from twinband.core import images

PAIRS = 4000
MEMORY_PAIRS = (1000, 16000)
WIDTH, HEIGHT = 486, 266
INGEST = """
import json, resource, sys, time
from pathlib import Path
from twinband.ingest.build import ingest
from twinband.ingest.dataset import Source
from twinband.ingest.params import IngestParams
from twinband.core.params import Run, Runtime

def main():
    root, work = sys.argv[1:]
    params = IngestParams(reader="roadscene", source="data/raw/bench", shards=8,
                          near_duplicate_bits=-1, licence="none", max_bad_fraction=0.0,
                          split={"train": 1.0, "val": 0.0, "test": 0.0}, split_seed=0)
    runtime = Runtime(executor="processes", workers=2, scheduler="", log_level="info")
    run = Run("bench", Path(work), runtime, lambda done, total: None)
    begin = time.perf_counter()
    ingest(params, Source.of("roadscene", root, {}), Path(work) / "out", run)
    seconds = time.perf_counter() - begin
    peaks = [resource.getrusage(who).ru_maxrss // 1024
             for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps([seconds, *peaks]))

if __name__ == "__main__":
    main()
"""


def make_pairs(root: Path, count: int) -> None:
    """Write ``count`` pairs of smooth random JPEG images, all different."""
    generator = np.random.default_rng(0)
    for folder in ("crop_LR_visible", "cropinfrared"):
        (root / folder).mkdir(parents=True)
    for number in range(count):
        coarse = generator.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 4), np.uint8)
        image = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        name = f"FLIR_{number:05d}.jpg"
        cv2.imwrite(str(root / "crop_LR_visible" / name), image[..., :3])
        cv2.imwrite(str(root / "cropinfrared" / name), image[..., 3])


def baseline_seconds(root: Path, tar: Path) -> float:
    """Time the baseline: read, decode, write, in one process without checks."""
    begin = time.perf_counter()
    with webdataset.TarWriter(str(tar), encoder=False) as writer:
        for path in sorted((root / "crop_LR_visible").iterdir()):
            rgb, thermal = path.read_bytes(), (root / "cropinfrared" / path.name).read_bytes()
            images.decode(rgb, path.name)
            images.decode(thermal, path.name)
            writer.write({"__key__": path.stem.lower(), "rgb.jpg": rgb, "thermal.jpg": thermal})
    return time.perf_counter() - begin


def ingest_run(root: Path, work: Path) -> tuple[float, int, int]:
    """Run ingest; returns seconds, and peak MiB of the parent and of the largest worker."""
    script = work / "run.py"
    work.mkdir()
    script.write_text(INGEST)
    command = [sys.executable, str(script), str(root), str(work)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, parent, worker = result.stdout.strip().strip("[]").split(",")
    return float(seconds), int(parent), int(worker)


def main() -> None:
    """Measure and record."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        make_pairs(base / "speed", PAIRS)
        baseline = baseline_seconds(base / "speed", base / "baseline.tar")
        seconds, _, _ = ingest_run(base / "speed", base / "work-speed")
        figures: dict[str, float | int | str] = {
            "pairs": PAIRS,
            "pairs_a_second": round(PAIRS / seconds, 1),
            "baseline_pairs_a_second": round(PAIRS / baseline, 1),
            "ratio_to_baseline": round(baseline / seconds, 3),
        }
        for count in MEMORY_PAIRS:
            make_pairs(base / f"memory-{count}", count)
            _, parent, worker = ingest_run(base / f"memory-{count}", base / f"work-{count}")
            figures[f"parent_mib_{count}"] = parent
            figures[f"worker_mib_{count}"] = worker
    record("ingest", figures)


if __name__ == "__main__":
    main()
