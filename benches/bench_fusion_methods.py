"""Costs of each method of fusion: one pair of 640x480 px, milliseconds and memory at its peak.

Trained networks are those of `make repro`, below models/fusion. Each method runs in a process of
its own, and they take turns; the average of both images, which costs least, tells what the process
and the images take.
"""

import statistics
from pathlib import Path

import numpy as np
import torch

from benches._record import Figures, record
from benches._steps import THREADS, Step, take_turns
from twinband.fusion.interface import load_fusion, method_names

MODELS = Path("models/fusion")
TRAINED = ("sage", "cnn", "gan", "decoupled", "attention", "ksvd")
SIZE = 480, 640
ROUNDS = 3


def steps(variant: str) -> Step:
    """Make one method's fusion of one pair."""
    fusion = load_fusion(MODELS / variant if variant in TRAINED else variant)
    random = np.random.default_rng(0)
    visible = random.integers(0, 256, (*SIZE, 3), np.uint8)
    infrared = random.integers(0, 256, SIZE, np.uint8)

    def step() -> float:
        with torch.inference_mode():
            return float(fusion.fuse(visible, infrared).mean())

    return step


def main() -> None:
    """Measure and record."""
    names = [*method_names(), *TRAINED]
    costs = take_turns("bench_fusion_methods", names, ROUNDS)
    least = costs["average"]
    rows: list[Figures] = [
        {
            "method": name,
            "threads": THREADS,
            "milliseconds": round(1000 * statistics.median(cost.seconds), 1),
            "times_the_average": round(least.times_as_fast(cost), 1),
            "peak_mib": round(cost.peak_mib),
            "mib_above_the_average": round(cost.peak_mib - least.peak_mib),
        }
        for name, cost in costs.items()
    ]
    record("fusion_methods", *rows)


if __name__ == "__main__":
    main()
