"""The whole of a pretraining stage: open the pool, train, save, draw.

The pairs of the pool, opened for training.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.core.normalise import Batch
from twinband.core.params import Run
from twinband.networks.weights import save_weights
from twinband.pretraining.facts import Subject, model_card
from twinband.pretraining.params import PretrainingData
from twinband.pretraining.pictures import loss_figure, masking_figure, reconstruction_sheet
from twinband.pretraining.start import WEIGHTS
from twinband.pretraining.task import MaskedModel, MaskedPretraining, VisibleObjects
from twinband.shards.product import product_id
from twinband.shards.read import Dataset, open_products
from twinband.shards.write import link, write_atomically
from twinband.training.curve import read_curve
from twinband.training.data import PairBatches, keep_fraction
from twinband.training.distributed import Ranks, launched
from twinband.training.loop import Log, TrainingResult, TrainingTask, train
from twinband.training.pixels import DecodedPixels, PairPixels
from twinband.training.seeds import seeded
from twinband.training.settings import TrainingSettings

CURVE = "run/losses.csv"
DRAWINGS = "drawings"


@dataclass(frozen=True, slots=True)
class Pretrained:
    """What a run left behind.

    Attributes:
        pairs: to choose from.
        curve: columns of the loss curve.
        result: of the training loop.
    """

    pairs: int
    curve: Mapping[str, NDArray[np.float64]]
    result: TrainingResult

    def summary(self) -> str:
        """The closing line of a run."""
        loss = self.curve["loss"]
        steps = int(self.curve["step"][-1])
        return f"{steps} steps on {self.pairs} pairs, loss {loss[0]:.3f} to {loss[-1]:.3f}"

    def headline(self) -> dict[str, float]:
        """The numbers that runs are compared by."""
        names = [name for name in self.curve if name.startswith("loss")]
        return {
            "pairs": self.pairs,
            "steps": int(self.curve["step"][-1]),
            **{name: _round(self.curve[name][-1]) for name in names},
        }

    def timings(self) -> dict[str, float | int | None]:
        """What no two runs have in common."""
        return {
            "resumed_at_step": self.result.resumed_at,
            "pairs_per_second": round(self.result.pairs_per_second, 1),
        }

    def facts(self) -> dict[str, Any]:
        """Deterministic figures for metrics/: each column's first and last value."""
        named = {name: column for name, column in self.curve.items() if name not in ("step", "lr")}
        ends = {
            name: {"first": _round(column[0]), "last": _round(column[-1])}
            for name, column in named.items()
            if np.isfinite(column[[0, -1]]).all()
        }
        return {"pairs": self.pairs, "steps": int(self.curve["step"][-1]), **ends}


def pretrain(
    subject: Subject,
    build: Callable[[], MaskedModel],
    datasets: Mapping[str, Dataset],
    data: PretrainingData,
    settings: TrainingSettings,
    *,
    out: Path,
    plots: Path,
    run: Run,
    open_log: Callable[[Path], AbstractContextManager[Log]],
) -> Pretrained:
    """Train what ``build`` makes on the pairs of ``datasets``; write weights, card and plots.

    Args:
        subject: what the card says of it.
        build: makes the model, with PyTorch's generator seeded.
        out, plots: each rank needs folders of its own, all share the work folder.
        run: is told how many pairs were seen; an interrupted run goes on from its last
            checkpoint.
        open_log: gives, for the folder where it is kept, what gets every row of the loss curve.

    Raises:
        InputError: the checkpoints in the work folder are of another run.
        NonFiniteError: the loss was no number; says which pairs were in the batch.
    """
    with launched(settings.device) as ranks, seeded(settings.seed):
        model = build()
        pixels = PairPixels(datasets)
        task = MaskedPretraining(model, settings.log_every)
        if task.sampler is not None:
            task.watch = VisibleObjects.of(datasets.values(), model.config)
        with open_log(run.work) if ranks.main else nullcontext(_unheard) as log:
            result = _train(task, pixels, data, settings, run, log, ranks)
    if result.average is not None:
        task.load_state_dict({**task.state_dict(), **result.average})
    out.mkdir(parents=True, exist_ok=True)
    save_weights(task.trained, out / WEIGHTS)
    curve = read_curve(run.work / CURVE)
    _write_plots(curve, run.work, plots)
    trained = Pretrained(len(pixels), curve, result)
    write_atomically(
        out / "README.md", model_card(subject, trained.pairs, curve, settings).encode()
    )
    return trained


def _train(
    task: MaskedPretraining,
    pixels: PairPixels,
    data: PretrainingData,
    settings: TrainingSettings,
    run: Run,
    log: Log,
    ranks: Ranks,
) -> TrainingResult:
    decoded = DecodedPixels(pixels, run.work / f"decoded-{ranks.rank}.bin", data.decoded_mib << 20)
    batches = PairBatches(
        decoded,
        settings,
        size_px=data.image_px,
        shift_tolerance=data.shift_tolerance,
        workers=0 if settings.device == "cpu" else run.runtime.workers,
        ranks=ranks,
    )

    def draw(done: int, trained: TrainingTask, batch: Batch) -> None:
        sheet = reconstruction_sheet(batch, task.model.reconstruct(batch))
        write_atomically(run.work / DRAWINGS / f"step-{done:06d}.jpg", sheet)

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


def _unheard(step: int, values: Mapping[str, float]) -> None:
    """The log of a rank that reports nothing."""


def _write_plots(curve: Mapping[str, NDArray[np.float64]], work: Path, plots: Path) -> None:
    plots.mkdir(parents=True, exist_ok=True)
    for path in (work / CURVE, *sorted((work / DRAWINGS).glob("step-*.jpg"))):
        link(path, plots / path.name)
    write_atomically(plots / "losses.svg", loss_figure(curve))
    masking = masking_figure(curve)
    if masking is not None:
        write_atomically(plots / "masking.svg", masking)


def _round(value: float) -> float:
    return round(float(value), 5)


def open_pool(pool: Path, pairs: Path, registered: Path, fraction: float) -> dict[str, Dataset]:
    """Pairs and their registration, joined, by dataset.

    Args:
        pool: product of the stage ``pool``.
        pairs: holds the product ``pairs`` of each dataset.
        registered: holds the product ``registered`` of each dataset.
        fraction: about this share of the pool.

    Raises:
        InputError: a product is not the one that the pool was made of, or nothing is left.
    """
    products = json.loads((pool / "products.json").read_bytes())
    keys: dict[str, list[str]] = {}
    for row in pq.read_table(pool / "pool.parquet", columns=["dataset", "key"]).to_pylist():
        keys.setdefault(row["dataset"], []).append(row["key"])
    chosen = {name: keep_fraction(name, those, fraction) for name, those in keys.items()}
    opened = {}
    for name, those in chosen.items():
        if not those:
            continue
        folders = {"pairs": pairs / name, "registered": registered / name}
        _check_products(name, folders, products)
        opened[name] = open_products(folders, those)
    if not opened:
        raise InputError(f"{pool} leaves no pair to train on; see its left_out.parquet")
    return opened


def _check_products(
    name: str, folders: Mapping[str, Path], products: Mapping[str, Mapping[str, str]]
) -> None:
    for kind, folder in folders.items():
        if product_id(folder) != products[kind][name]:
            raise InputError(f"{folder} is not what the pool was made of: dvc checkout")
