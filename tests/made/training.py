"""A small task on made-up pairs; as a command, the same training in a process of its own."""

import argparse
import hashlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from twinband.core.normalise import Batch
from twinband.training.data import Stream
from twinband.training.distributed import Ranks, launched
from twinband.training.loop import TrainingResult, TrainingTask, train
from twinband.training.settings import TrainingSettings

LENGTH = 13
SETTINGS: dict[str, Any] = {
    "steps": 12,
    "batch_size": 8,
    "base_lr": 0.3,
    "warmup_steps": 2,
    "weight_decay": 0.05,
    "ema_decay": 0.9,
    "device": "cpu",
    "threads": 1,
    "seed": 3,
    "log_every": 1,
    "checkpoint_every": 4,
}


def settings_of(**changes: Any) -> TrainingSettings:
    return TrainingSettings(**{**SETTINGS, **changes})


class TinyTask(TrainingTask):
    """Predicts thermal from RGB; draws noise and counts steps, as real tasks do."""

    steps_seen: Tensor

    def __init__(self, noise: float = 0.1, poison_at: int = -1) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.hidden = nn.Linear(6, 16)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 6)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.3, generator=generator)
            elif parameter is not self.norm.weight:
                nn.init.zeros_(parameter)
        self.noise = noise
        self.poison_at = poison_at
        self.step = 0
        self.register_buffer("steps_seen", torch.zeros((), dtype=torch.int64))

    def before_step(self, step: int, steps: int) -> None:
        self.step = step
        self.steps_seen += 1

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        rgb = batch["rgb"] + self.noise * torch.randn_like(batch["rgb"])
        predicted = self.head(self.norm(torch.tanh(self.hidden(rgb))))
        loss = (predicted - batch["thermal"]).square().mean()
        if self.step == self.poison_at:
            loss = loss * float("nan")
        return {"loss": loss, "loss_thermal": loss.detach()}


class TinyBatches:
    """Thirteen made-up pairs of six values."""

    def __init__(self, settings: TrainingSettings, ranks: Ranks | None = None) -> None:
        generator = torch.Generator().manual_seed(2)
        self._rgb = torch.randn(LENGTH, 6, generator=generator)
        self._thermal = torch.tanh(self._rgb.flip(1)) + 0.1
        self._settings = settings
        self._ranks = ranks or Ranks()
        self.identity: dict[str, Any] = {"pairs": LENGTH}

    def starting_at(self, step: int) -> Iterator[Batch]:
        for part in Stream(LENGTH, self._settings, self._ranks, step):
            rows = [index for index, _ in part]
            yield {
                "rgb": self._rgb[rows],
                "thermal": self._thermal[rows],
                "key": [f"pair-{row}" for row in rows],
            }


def run(
    folder: Path, task: TrainingTask, settings: TrainingSettings, **options: Any
) -> TrainingResult:
    """Train on the made-up pairs, saying nothing unless told otherwise."""
    quiet = {"log": lambda step, values: None, "progress": lambda done, total: None}
    ranks = options.get("ranks")
    return train(
        task, TinyBatches(settings, ranks), settings, folder=folder, **{**quiet, **options}
    )


def digest(task: nn.Module) -> str:
    """SHA-256 of all weights and buffers."""
    whole = hashlib.sha256()
    for name, value in task.state_dict().items():
        whole.update(name.encode() + value.numpy().tobytes())
    return whole.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pause-at", type=int, default=-1)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--poison-rank", type=int, default=-1)
    arguments = parser.parse_args()
    folder: Path = arguments.folder

    def log(step: int, values: Mapping[str, float]) -> None:
        if step == arguments.pause_at:
            (folder / "paused").touch()
            signal.pause()

    with launched("cpu") as ranks:
        task = TinyTask(arguments.noise, poison_at=5 if ranks.rank == arguments.poison_rank else -1)
        settings = settings_of(accumulation=arguments.accumulation)
        run(folder / "run", task, settings, ranks=ranks, log=log)
        torch.save(task.state_dict(), folder / f"weights-{ranks.rank}.pt")


if __name__ == "__main__":
    main()
