"""Pretraining of ViT-B/16 on a GPU: pairs a second, share of the peak arithmetic, and the loader's.

MultiMAE on RGB, thermal, depth and semantics (131 of 784 tokens visible) and M-SpecGene at a ratio
of 0.75, at 224 px, in bf16: eager (the baseline) and compiled, on batches that stay on the device,
and then on the project's own loader, which reads, decodes, crops and normalises pairs of 640x512 px
from shards. FLOPs are those of the matrix products and attentions of a forward and a backward pass,
counted by PyTorch on an eager step; recomputed ones do not count.

By hand: python -m benches.bench_gpu [--device cpu --size tiny --batches 4 --steps 1]
"""

import argparse
import functools
import itertools
import math
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benches._record import record
from benches.bench_loader import made_pairs, opened_pairs
from twinband.core.normalise import Batch
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel
from twinband.pretraining.start import open_arm
from twinband.pretraining.task import MaskedPretraining
from twinband.training.data import PairBatches
from twinband.training.optimizers import build_optimizer
from twinband.training.pixels import DecodedPixels
from twinband.training.settings import TrainingSettings

PEAK_FLOPS = {"NVIDIA H100": 989e12, "NVIDIA H200": 989e12, "NVIDIA A100": 312e12}  # dense bf16
WARM_UP = 3  # steps
METHODS: dict[str, dict[str, Any]] = {
    "multimae": {"arm": "dirichlet", "options": {"classes": 13}, "masking": {}},
    "mspecgene": {"arm": "random", "options": {}, "masking": {"mask_ratio": 0.75}},
}


def settings_of(device: str, batch: int, compile_blocks: bool) -> TrainingSettings:
    """Make the settings of a run without end."""
    return TrainingSettings(
        steps=10**6,
        batch_size=batch,
        base_lr=1e-4,
        warmup_steps=10,
        weight_decay=0.05,
        device="cuda" if device == "cuda" else "cpu",
        threads=os.cpu_count() or 1,
        seed=0,
        precision="bf16",
        compile=compile_blocks,
    )


def task_of(method: str, size: str, device: str) -> MaskedPretraining:
    """Make a model with its masking, as the stage ``pretrain`` does."""
    wanted = METHODS[method]
    model = build(f"{method}_{size}", **wanted["options"])
    assert isinstance(model, MaskedModel)
    rows, columns = model.config.grid
    model.sampler = open_arm(wanted["arm"], patches=rows * columns, seed=0, **wanted["masking"])
    return MaskedPretraining(model, 10**6).to(device)


class Training:
    """Steps as ``training.loop`` does them, one wait for the device in each."""

    def __init__(self, task: MaskedPretraining, settings: TrainingSettings) -> None:
        self._task = task
        self._settings = settings
        if settings.compile:
            for block in task.blocks():
                block.compile()
        self._optimizer = build_optimizer(task, settings, task.layer_distance)

    def step(self, batch: Batch) -> float:
        """Do one step."""
        with torch.autocast(self._settings.device, torch.bfloat16):
            loss = self._task(batch)["loss"]
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()
        return float(loss.detach())

    def pairs_a_second(self, batches: Iterator[Batch], steps: int, warm_up: int) -> float:
        """Time ``steps`` steps after some to warm up."""
        for batch in itertools.islice(batches, warm_up):
            self.step(batch)
        begin = time.perf_counter()
        for batch in itertools.islice(batches, steps):
            self.step(batch)
        return steps * self._settings.batch_size / (time.perf_counter() - begin)


def flops_a_pair(task: MaskedPretraining, batch: Batch) -> float:
    """Count the floating-point operations of a step on one pair."""
    with FlopCounterMode(display=False) as counter:
        with torch.autocast(batch["rgb"].device.type, torch.bfloat16):
            loss = task(batch)["loss"]
        loss.backward()
    task.zero_grad()
    return counter.get_total_flops() / len(batch["rgb"])


def peak_flops(device: str) -> float:
    """Look up the peak of the device; NaN if it is not known."""
    name = torch.cuda.get_device_name() if device == "cuda" else ""
    peaks = [peak for known, peak in PEAK_FLOPS.items() if name.startswith(known)]
    return peaks[0] if peaks else math.nan


def measure(
    method: str, batch_size: int, compiled: bool, folder: Path, given: argparse.Namespace
) -> dict[str, float | int | str]:
    """Measure one method at one batch size; the loader only beside the compiled model."""
    settings = settings_of(given.device, batch_size, compiled)
    task = task_of(method, given.size, given.device)
    pairs = opened_pairs(folder, labels=method == "multimae")
    batches = functools.partial(
        PairBatches,
        DecodedPixels(pairs, folder / f"decoded-{method}.bin", 1 << 40),
        settings,
        size_px=task.model.config.grid[0] * task.model.config.patch_px,
        shift_tolerance=False,
    )
    first = next(batches(workers=0).starting_at(0))
    flops = flops_a_pair(task, {name: value[:8] for name, value in first.items()})
    training = Training(task, settings)
    alone = training.pairs_a_second(itertools.repeat(first), given.steps, WARM_UP)
    on_gpu = given.device == "cuda"
    row: dict[str, float | int | str] = {
        "method": f"{method}_{given.size}",
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "torch": torch.__version__,
        "compiled": int(compiled),
        "batch": batch_size,
        "gflop_a_pair": round(flops / 1e9, 1),
        "pairs_a_second": round(alone, 1),
        "mfu": round(flops * alone / peak_flops(given.device), 3),
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1) if on_gpu else 0,
    }
    if compiled or not on_gpu:
        stream = batches(workers=given.workers).starting_at(0)
        loaded = training.pairs_a_second(stream, given.steps, WARM_UP + 2 * given.workers)
        row |= {
            "workers": given.workers,
            "with_loader": round(loaded, 1),
            "loader_share": round(1 - loaded / alone, 3),
        }
    return row


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--size", choices=("base", "tiny"), default="base")
    parser.add_argument("--batches", type=int, nargs="+", default=[512])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 1) - 2))
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("PyTorch finds no GPU: nothing was measured")
    rows: list[dict[str, float | int | str]] = []
    variants = [False, True] if given.device == "cuda" else [False]
    with tempfile.TemporaryDirectory() as name:
        made_pairs(Path(name))
        for batch, method, compiled in itertools.product(given.batches, METHODS, variants):
            if given.device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            rows.append(measure(method, batch, compiled, Path(name), given))
            print(rows[-1], flush=True)
    record("gpu", *rows)


if __name__ == "__main__":
    main()
