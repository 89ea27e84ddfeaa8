"""Everything that trainings of fusion have in common: the run, and what they leave."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from twinband.core.params import Run
from twinband.fusion.data import FusionBatches, FusionPairs, Patches
from twinband.fusion.facts import Curve, FusionFacts, ends_of
from twinband.fusion.files import learned_method, save_fusion
from twinband.fusion.fused import write_fused
from twinband.fusion.params import FusionData
from twinband.fusion.pictures import loss_figure
from twinband.shards.write import write_atomically
from twinband.training.distributed import Ranks
from twinband.training.loop import Log, TrainingResult, TrainingTask, train
from twinband.training.settings import TrainingSettings

CURVE = "losses.csv"
OpenLog = Callable[[Path], AbstractContextManager[Log]]
Panels = Mapping[str, Sequence[str]]  # columns of the loss curve by the title of their panel


@dataclass(frozen=True, slots=True)
class Places:
    """Folders that a training of fusion reads (the products of a dataset) and writes."""

    pairs: Path
    registered: Path
    out: Path
    fused: Path
    plots: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of a run.

    Attributes:
        facts: deterministic numbers.
        timings: numbers that are never the same twice.
    """

    facts: FusionFacts
    timings: dict[str, float | int]

    def summary(self) -> str:
        """Write the closing line of a run."""
        losses = [
            f"{name.replace('_', ' of ')} {ends.first:.3f} to {ends.last:.3f}"
            for name, ends in self.facts.losses.items()
            if name.startswith("loss")
        ]
        return f"{self.facts.steps} steps on {self.facts.pairs} pairs, {', '.join(losses)}"


def batches_of(
    pairs: FusionPairs,
    data: FusionData,
    settings: TrainingSettings,
    run: Run,
    patches: Patches | None = None,
) -> FusionBatches:
    """Make batches of the pairs that may be trained on."""
    workers = 0 if settings.device == "cpu" else run.runtime.workers
    return FusionBatches(pairs.train, data, settings, patches=patches, workers=workers)


def fitted(
    task: TrainingTask,
    batches: FusionBatches,
    settings: TrainingSettings,
    run: Run,
    open_log: OpenLog,
) -> TrainingResult:
    """Train, going on where an interrupted run ended; ``task`` has the weights, on the CPU.

    Raises:
        InputError: the checkpoints are of another run.
        NonFiniteError: the loss was no number.
    """
    with open_log(run.work) as log:
        result = train(
            task,
            batches,
            settings,
            folder=run.work / "run",
            log=log,
            progress=run.progress,
            ranks=Ranks(),
        )
    if result.average is not None:
        task.load_state_dict({**task.state_dict(), **result.average})
    task.cpu()
    return result


def timings_of(result: TrainingResult) -> dict[str, float | int]:
    """Collect numbers that are never the same twice."""
    return {
        "resumed_at_step": result.resumed_at,
        "pairs_per_second": round(result.pairs_per_second, 1),
    }


def left_behind(
    method: str,
    options: Mapping[str, Any],
    network: nn.Module,
    curve: Curve,
    panels: Panels,
    *,
    dataset: str,
    pairs: FusionPairs,
    places: Places,
    run: Run,
) -> FusionFacts:
    """Write weights, the fused images of the whole dataset, and pictures.

    Args:
        method: module of ``twinband.fusion_methods``.
        options: of its network.
        curve: columns of the loss curve, with ``step``.
    """
    digest = save_fusion(method, options, network, places.out)
    fusion = learned_method(method).opened(network.eval())
    product, sheet = write_fused(
        fusion, method, pairs.all, places.pairs, places.fused, progress=run.progress
    )
    places.plots.mkdir(parents=True, exist_ok=True)
    write_atomically(places.plots / "fused.jpg", sheet)
    write_atomically(places.plots / "losses.svg", loss_figure(curve, panels))
    return FusionFacts(
        method=method,
        dataset=dataset,
        pairs=len(pairs.train),
        steps=int(curve["step"][-1]),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        losses=ends_of(curve),
        product=product,
        weights_sha256=digest,
    )
