"""Pretraining on pairs: train, save, draw."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.core.normalise import Batch
from twinband.core.params import ParamsError, Run
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel
from twinband.networks.weights import WEIGHTS, save_weights
from twinband.pretraining.facts import Curve, PretrainFacts, Subject, facts_of, model_card
from twinband.pretraining.params import MaeParams, PretrainingData, PretrainParams
from twinband.pretraining.pictures import (
    captioned_sheet,
    loss_figure,
    masking_figure,
    reconstruction_sheet,
)
from twinband.pretraining.task import MaskedPretraining, VisibleObjects
from twinband.shards.read import Dataset
from twinband.shards.write import link, write_atomically
from twinband.training.curve import read_curve
from twinband.training.data import PairBatches
from twinband.training.distributed import Ranks, launched
from twinband.training.loop import Log, TrainingResult, TrainingTask, train
from twinband.training.pixels import DecodedPixels, PairPixels
from twinband.training.seeds import seeded
from twinband.training.settings import TrainingSettings

CURVE = "run/losses.csv"


@dataclass(frozen=True, slots=True)
class Pretrained:
    """The result of a run.

    Attributes:
        facts: deterministic numbers.
        curve: columns of the loss curve.
        result: of the training loop.
    """

    facts: PretrainFacts
    curve: Curve
    result: TrainingResult

    def summary(self) -> str:
        """Write the closing line of a run."""
        facts, loss = self.facts, self.facts.loss
        return (
            f"{facts.steps} steps on {facts.pairs} pairs, loss {loss.first:.3f} to {loss.last:.3f}"
        )

    def timings(self) -> dict[str, float | int]:
        """Collect numbers that are never the same twice."""
        return {
            "resumed_at_step": self.result.resumed_at,
            "pairs_per_second": round(self.result.pairs_per_second, 1),
        }


def pretrain(
    subject: Subject,
    make_model: Callable[[], MaskedModel],
    datasets: Mapping[str, Dataset],
    data: PretrainingData,
    settings: TrainingSettings,
    *,
    out: Path,
    plots: Path,
    run: Run,
    open_log: Callable[[Path], AbstractContextManager[Log]],
) -> Pretrained:
    """Train what ``make_model`` makes on the pairs of ``datasets``; write weights, card and plots.

    Args:
        subject: description for the card.
        make_model: called with PyTorch's generator seeded.
        out, plots: folders; each rank needs its own, all share the work folder.
        run: an interrupted run goes on from its last checkpoint.
        open_log: opens a log in the given folder, called with every row of the loss curve.

    Raises:
        InputError: the checkpoints in the work folder are of another run.
        NonFiniteError: the loss was no number; says which pairs were in the batch.
    """
    with launched(settings.device) as ranks, seeded(settings.seed):
        model = make_model()
        pixels = PairPixels(datasets)
        watch = VisibleObjects.of(datasets.values(), model)
        task = MaskedPretraining(model, settings.log_every, watch)
        batches = _batches(pixels, data, settings, run, ranks)
        with open_log(run.work) if ranks.main else nullcontext(_no_log) as log:
            result = _train(task, batches, settings, run, log, ranks)
        if result.average is not None:
            task.load_state_dict({**task.state_dict(), **result.average})
        sheets = model.sheets(next(batches.starting_at(0)))
    curve = read_curve(run.work / CURVE)
    facts = facts_of(len(pixels), curve)
    out.mkdir(parents=True, exist_ok=True)
    save_weights(model, out / WEIGHTS)
    card = model_card(subject, facts, settings.batch_size)
    write_atomically(out / "README.md", card.encode())
    _write_plots(curve, result.drawings, run.work, plots)
    for name, sheet in sheets.items():
        write_atomically(plots / f"{name}.jpg", captioned_sheet(sheet))
    return Pretrained(facts, curve, result)


def _batches(
    pixels: PairPixels,
    data: PretrainingData,
    settings: TrainingSettings,
    run: Run,
    ranks: Ranks,
) -> PairBatches:
    decoded = DecodedPixels(pixels, run.work / f"decoded-{ranks.rank}.bin", data.decoded_mib << 20)
    return PairBatches(
        decoded,
        settings,
        size_px=data.image_px,
        shift_tolerance=data.shift_tolerance,
        workers=0 if settings.device == "cpu" else run.runtime.workers,
        ranks=ranks,
    )


def _train(
    task: MaskedPretraining,
    batches: PairBatches,
    settings: TrainingSettings,
    run: Run,
    log: Log,
    ranks: Ranks,
) -> TrainingResult:
    def draw(done: int, trained: TrainingTask, batch: Batch) -> bytes:
        return reconstruction_sheet(task.model.draw(batch))

    result = train(
        task,
        batches,
        settings,
        folder=run.work / "run",
        log=log,
        progress=run.progress,
        draw=draw,
        ranks=ranks,
    )
    ranks.wait()  # for the last row of the curve, which rank 0 writes
    return result


def _no_log(step: int, values: Mapping[str, float]) -> None:
    """Do nothing: the log of ranks other than the first."""


def _write_plots(curve: Curve, drawings: Mapping[int, bytes], work: Path, plots: Path) -> None:
    plots.mkdir(parents=True, exist_ok=True)
    link(work / CURVE, plots / Path(CURVE).name)
    for done, sheet in drawings.items():
        write_atomically(plots / f"step-{done:06d}.jpg", sheet)
    write_atomically(plots / "losses.svg", loss_figure(curve))
    masking = masking_figure(curve)
    if masking is not None:
        write_atomically(plots / "masking.svg", masking)


def fresh_model(
    params: MaeParams | PretrainParams, where: str, wanted: Mapping[str, Any] | None = None
) -> MaskedModel:
    """Make the freshly initialised model that a stage trains.

    Args:
        where: place of ``params`` in params.yaml, for errors.
        wanted: fields of the configuration for which ``params`` say nothing.

    Raises:
        ParamsError: an unknown model or option.
    """
    with params_errors(where):
        options = {**(wanted or {}), **params.options}
        model = build(params.model, image_px=params.data.image_px, **options)
        if not isinstance(model, MaskedModel):
            raise ValueError(f"{params.model} cannot be pretrained")
        return model


@contextmanager
def params_errors(where: str) -> Iterator[None]:
    """Report what a constructor refuses as wrong parameters at ``where``.

    Raises:
        ParamsError: instead of TypeError and ValueError.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ParamsError([f"{where}: {error}"]) from None
