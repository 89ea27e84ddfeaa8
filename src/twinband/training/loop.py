"""The training loop: ``train``, and ``TrainingTask``, the model with its loss that it trains.

A step: seed, call the task's ``before_step``, add up the gradients of the batch's parts, check that
all is finite, update weights and their average, record the loss. A step depends on its number, the
weights and the data alone, so a killed run goes on from its last checkpoint with equal results.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from twinband.core.errors import WorkFailed
from twinband.core.normalise import Batch
from twinband.shards.product import to_json
from twinband.shards.write import write_atomically
from twinband.training.checkpoint import Checkpoints
from twinband.training.curve import LossCurve, Window
from twinband.training.distributed import Ranks, without_synchronisation
from twinband.training.optimizers import WeightAverage, build_optimizer, lr_factor
from twinband.training.seeds import seed_of
from twinband.training.settings import TrainingSettings

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class NonFiniteError(WorkFailed):
    """Loss or gradient is not finite; the message names the step and the file of its keys."""


class TrainingTask(nn.Module):
    """A model with its loss, as ``train`` trains it.

    All state that a resumed run needs is in parameters and buffers. Random numbers in ``forward``
    come from PyTorch's default generator, which is seeded by step and rank before each step, or
    from the batch's ``seed``. The task itself keeps buffers that depend on data equal over ranks.
    """

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute the scalar ``loss`` of a batch, and detached scalars to record, such as
        ``loss_rgb``; the same names each time."""
        raise NotImplementedError

    def before_step(self, step: int, steps: int) -> None:
        """Prepare step ``step`` (from 0) of ``steps``, as a curriculum does."""

    def blocks(self) -> Iterable[nn.Module]:
        """List what is compiled, each by itself: alike and many, so that compiling takes little."""
        return ()

    def layer_distance(self, name: str) -> int:
        """Count the layers between a parameter, by its name, and the output, for layer decay (see
        ``optimizers.vit_distance``)."""
        return 0


Log = Callable[[int, Mapping[str, float]], None]
Progress = Callable[[int, int], None]
Draw = Callable[[int, TrainingTask, Batch], bytes]


class Batches(Protocol):
    """Data to train on, such as ``PairBatches``.

    ``identity`` describes the data in JSON values; a run resumes only with an equal one. A batch
    has ``key``, the list of its samples' names.
    """

    identity: dict[str, Any]

    def starting_at(self, step: int) -> Iterator[Batch]:
        """Yield this rank's parts, ``accumulation`` a step, from ``step`` to the end of the run,
        on the task's device."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """Result of a run; the task itself has the final weights.

    Attributes:
        average: moving average of the trained parameters by name, if the run keeps one.
        last: last row of the loss curve.
        drawings: files that ``draw`` made, by the steps done.
        resumed_at: steps done before this call.
        pairs_per_second: speed of this call; 0 if it did no steps.
    """

    average: Mapping[str, Tensor] | None
    last: Mapping[str, float]
    drawings: Mapping[int, bytes]
    resumed_at: int
    pairs_per_second: float


def train(
    task: TrainingTask,
    batches: Batches,
    settings: TrainingSettings,
    *,
    folder: Path,
    log: Log,
    progress: Progress,
    draw: Draw | None = None,
    ranks: Ranks | None = None,
) -> TrainingResult:
    """Train ``task``, going on from the last checkpoint in ``folder`` if there is one.

    Args:
        folder: folder for ``losses.csv``, ``checkpoints/`` and, after a ``NonFiniteError``,
            ``non_finite.json``.
        log: called by rank 0 with the steps done and each row of the loss curve.
        progress: called by rank 0 with the pairs seen and their total.
        draw: called by rank 0 with the steps done, the task and the last batch, without
            gradients, every ``draw_every`` steps and after the last; it returns a file, must leave
            the task's state alone and not wait for other ranks.
        ranks: this process's place, from ``distributed.launched``.

    Raises:
        InputError: the checkpoints are of a run with other settings, model or data.
        NonFiniteError: the loss or the gradient is not finite.
    """
    ranks = ranks or Ranks()
    with _reproducible(settings):
        run = _Run(task.to(ranks.device(settings.device)), settings, ranks, folder)
        identity = {
            "settings": settings.model_dump(exclude={"ranks"}),
            "model": _shapes(task),
            "data": batches.identity,
        }
        checkpoints = Checkpoints(folder / "checkpoints", identity)
        begin, state = checkpoints.newest() or (0, {})
        if state:
            run.restore(state)
        curve = LossCurve(folder / "losses.csv", state.get("curve", "")) if ranks.main else None
        drawings: dict[int, bytes] = state.get("drawings", {})
        window = Window()
        parts = batches.starting_at(begin)
        started = time.monotonic()
        for step in range(begin, settings.steps):
            batch, values = run.step(step, parts)
            window.add(values)
            done = step + 1
            if not curve:
                continue
            progress(done * settings.batch_size, settings.steps * settings.batch_size)
            if _due(done, settings.log_every, settings):
                means = window.close()
                curve.append(done, means)
                log(done, means)
            if draw and _due(done, settings.draw_every, settings):
                with torch.no_grad():
                    drawings[done] = draw(done, task, batch)
            if _due(done, settings.checkpoint_every, settings):
                results = {"curve": curve.text, "drawings": drawings}
                checkpoints.save(done, {**run.state_dict(), **results})
        seconds = time.monotonic() - started
    pairs = (settings.steps - begin) * settings.batch_size
    return TrainingResult(
        average=run.average.state_dict() if run.average else None,
        last=curve.last() if curve else {},
        drawings=drawings,
        resumed_at=begin,
        pairs_per_second=pairs / seconds if pairs else 0.0,
    )


def _due(done: int, every: int, settings: TrainingSettings) -> bool:
    return done == settings.steps or (every > 0 and done % every == 0)


class _Run:
    """Weights, their average and the optimizer, one step after another."""

    def __init__(
        self, task: TrainingTask, settings: TrainingSettings, ranks: Ranks, folder: Path
    ) -> None:
        self._task = task
        self._settings = settings
        self._ranks = ranks
        name = "non_finite.json" if ranks.main else f"non_finite-{ranks.rank}.json"
        self._report = folder / name
        self._report.unlink(missing_ok=True)
        if settings.compile:
            for block in task.blocks():
                block.compile()
        self._model: nn.Module = ranks.wrap(task)
        self._precision = _Precision(settings.precision, settings.device)
        self._optimizer = build_optimizer(task, settings, task.layer_distance)
        self.average = WeightAverage(task, settings.ema_decay) if settings.ema_decay else None

    def step(self, step: int, batches: Iterator[Batch]) -> tuple[Batch, dict[str, float]]:
        """Train one step; returns its last part and its values, averaged over parts and ranks."""
        settings = self._settings
        torch.manual_seed(seed_of(settings.seed, "step", step, self._ranks.rank))
        lr = settings.lr * lr_factor(step, settings.steps, settings.warmup_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group["lr_scale"]
        self._task.before_step(step, settings.steps)
        self._model.train()
        parts = [next(batches) for _ in range(settings.accumulation)]
        outputs = [self._backward(part, part is parts[-1]) for part in parts]
        norm = self._precision.gradient_norm(self._optimizer, settings.clip_norm)
        values = self._means(outputs, norm)
        if not self._may_go_on(values):
            values_by_key = [(p["key"], _floats(o)) for p, o in zip(parts, outputs, strict=True)]
            raise _report_non_finite(self._report, step, values_by_key)
        self._precision.step(self._optimizer)
        self._optimizer.zero_grad()
        if self.average:
            self.average.update(step)
        if not math.isfinite(values["gradient_norm"]):
            values["gradient_norm"] = math.nan  # skipped by fp16's scaler: no value of this step
        return parts[-1], {"lr": lr, **values}

    def _backward(self, part: Batch, last: bool) -> dict[str, Tensor]:
        """Add the gradients of a part; ranks exchange them with the last."""
        with nullcontext() if last else without_synchronisation(self._model):
            with self._precision.autocast():
                outputs = self._model(part)
            self._precision.backward(outputs["loss"] / self._settings.accumulation)
        return {name: value.detach() for name, value in outputs.items()}

    def _means(self, outputs: list[dict[str, Tensor]], norm: Tensor) -> dict[str, float]:
        """Average values over parts and ranks, with one exchange and one wait for the device."""
        names = list(outputs[0])
        means = [
            torch.stack([output[name].double() for output in outputs]).mean() for name in names
        ]
        values = self._ranks.mean(torch.stack([*means, norm.double()]))
        return dict(zip([*names, "gradient_norm"], values.tolist(), strict=True))

    def _may_go_on(self, values: Mapping[str, float]) -> bool:
        if not math.isfinite(values["loss"]):
            return False
        return math.isfinite(values["gradient_norm"]) or self._precision.may_skip()

    def state_dict(self) -> dict[str, Any]:
        """Return all that later steps depend on."""
        return {
            "model": self._task.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._precision.state_dict(),
            "average": self.average.state_dict() if self.average else {},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state_dict`` returned."""
        self._task.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._precision.load_state_dict(state["scaler"])
        if self.average:
            self.average.load_state_dict(state["average"])


def _floats(values: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _shapes(task: nn.Module) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in task.state_dict().items()}


@contextmanager
def _reproducible(settings: TrainingSettings) -> Iterator[None]:
    """Use deterministic algorithms, where PyTorch has them for the device, and fixed threads."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(True, warn_only=settings.device == "cuda")
    # nothing here reads what it has not written, and filling it takes a twentieth of the time
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(threads)


class _Precision:
    """Arithmetic of a step in fp32, or in bf16 or fp16 by autocast of the forward pass.

    fp16 also scales the loss, so that small gradients are not lost, and skips a step whose scaled
    gradients overflow.
    """

    def __init__(self, kind: str, device: str) -> None:
        self._device = device
        self._dtype = AUTOCAST.get(kind)
        self._scaler = torch.amp.GradScaler(device, enabled=kind == "fp16")

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context of a forward pass."""
        return torch.autocast(self._device, self._dtype, enabled=self._dtype is not None)

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of ``loss``."""
        self._scaler.scale(loss).backward()

    def gradient_norm(self, optimizer: torch.optim.Optimizer, clip_norm: float) -> Tensor:
        """Return the gradient's norm, and clip the gradient to ``clip_norm`` unless that is 0."""
        self._scaler.unscale_(optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if clip_norm:
            torch.nn.utils.clip_grads_with_norm_(parameters, clip_norm, norm)
        return norm

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the weights; with fp16, after an overflow only the scale."""
        self._scaler.step(optimizer)
        self._scaler.update()

    def may_skip(self) -> bool:
        """Tell whether a gradient that is not finite may be an overflow of the scaled loss."""
        return self._scaler.is_enabled() and self._scaler.get_scale() >= 1

    def state_dict(self) -> dict[str, Any]:
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(state)


def _report_non_finite(
    path: Path, step: int, parts: Sequence[tuple[Sequence[str], Mapping[str, float]]]
) -> NonFiniteError:
    """Write the keys and values of a step to ``path``; returns the error to raise.

    Args:
        step: number of the step, from 0.
        parts: keys and values of each accumulated part of this rank.
    """
    content: dict[str, Any] = {
        "step": step,
        # as text, since JSON has no NaN
        "parts": [
            {"keys": list(keys), "values": {name: str(value) for name, value in values.items()}}
            for keys, values in parts
        ],
    }
    write_atomically(path, to_json(content))
    bad_loss = any(not math.isfinite(values["loss"]) for _, values in parts)
    return NonFiniteError(
        f"step {step}: the {'loss' if bad_loss else 'gradient'} is not finite, so training stopped "
        f"before it could spoil the weights. The keys of the batch are in {path}: look at these "
        "pairs and hold them out if they are broken; else lower base_lr, lengthen warmup_steps, "
        "set clip_norm, or take precision bf16 or fp32"
    )
