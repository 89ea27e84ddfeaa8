"""Training steps of several implementations, each in a process of its own, taking turns.

A benchmark has ``steps(variant)``, which makes a function that does one training step;
``take_turns`` runs the variants one after another, round by round, so that whatever else the
machine does slows all of them alike.
"""

import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from benches._record import Figures
from twinband.training.optimizers import build_optimizer
from twinband.training.settings import TrainingSettings

THREADS = 2
ROUNDS = 7
SETTINGS = TrainingSettings(
    steps=1000,
    batch_size=16,
    base_lr=1.5e-4,
    warmup_steps=10,
    weight_decay=0.05,
    device="cpu",
    threads=THREADS,
    seed=0,
)

Step = Callable[[], float]
Losses = Callable[[], dict[str, Tensor]]


class Cost(NamedTuple):
    """Seconds of a step in each round, MiB of the process at its peak, and MiB that the forward
    pass keeps for the backward pass, weights not counted."""

    seconds: list[float]
    peak_mib: float
    kept_mib: float

    def times_as_fast(self, other: "Cost") -> float:
        """Compare round by round; the median."""
        return statistics.median(b / a for a, b in zip(self.seconds, other.seconds, strict=True))


def plain_step(model: torch.nn.Module, losses: Losses) -> Step:
    """Make a step as one would write it: fp32, and AdamW with its defaults."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=SETTINGS.lr, weight_decay=0.05)
    return _step(losses, optimizer, "fp32")


def our_step(model: torch.nn.Module, losses: Losses, precision: str) -> Step:
    """Make a step as ``training.loop`` does it."""
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return _step(losses, build_optimizer(model, SETTINGS, lambda name: 0), precision)


def _step(losses: Losses, optimizer: torch.optim.Optimizer, precision: str) -> Step:
    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = losses()["total"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())

    return step


def take_turns(benchmark: str, variants: Sequence[str], rounds: int = ROUNDS) -> dict[str, Cost]:
    """Run one step of each variant of ``benches.BENCHMARK`` in turn, after one to warm up."""
    with ExitStack() as stack:
        workers = {v: stack.enter_context(_worker(benchmark, v)) for v in variants}
        seconds: dict[str, list[float]] = {variant: [] for variant in variants}
        for number in range(rounds + 1):
            for variant, worker in workers.items():
                taken = float(_ask(worker, "step"))
                if number:
                    seconds[variant].append(taken)
        ends = {variant: json.loads(_ask(worker, "end")) for variant, worker in workers.items()}
    return {variant: Cost(seconds[variant], **ends[variant]) for variant in variants}


def rows_of(costs: Mapping[str, Cost], baseline: str, rate: str) -> list[Figures]:
    """Describe what variants cost, beside one of them; ``rate`` names samples a second."""
    plain = costs[baseline]
    return [
        {
            "variant": variant,
            "threads": THREADS,
            "batch": SETTINGS.batch_size,
            rate: round(SETTINGS.batch_size / min(cost.seconds), 3),
            "times_as_fast": round(cost.times_as_fast(plain), 3),
            "peak_mib": round(cost.peak_mib),
            "kept_mib": round(cost.kept_mib),
            "less_peak": round(1 - cost.peak_mib / plain.peak_mib, 3),
        }
        for variant, cost in costs.items()
    ]


@contextmanager
def _worker(benchmark: str, variant: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "benches._steps", benchmark, variant]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as worker:
        yield worker
        worker.stdin.close()  # type: ignore[union-attr]


def _ask(worker: "subprocess.Popen[str]", what: str) -> str:
    assert worker.stdin and worker.stdout
    worker.stdin.write(f"{what}\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"{' '.join(map(str, worker.args))} ended early")  # type: ignore[arg-type]
    return answer


def kept_bytes(step: Step) -> int:
    """Count the bytes that a step's forward pass keeps, each storage once, leaves left out."""
    sizes: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if not tensor.is_leaf or not tensor.requires_grad:
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(sizes.values())


def main() -> None:
    """Do steps as the other process asks for them."""
    torch.set_num_threads(THREADS)
    benchmark, variant = sys.argv[1:]
    step: Step = importlib.import_module(f"benches.{benchmark}").steps(variant)
    for line in sys.stdin:
        if line.strip() == "end":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"peak_mib": peak, "kept_mib": kept_bytes(step) / 2**20}), flush=True)
            continue
        begin = time.perf_counter()
        step()
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
