"""The whole of a pretraining stage: open the pool, train, save, draw.

The pairs of the pool, opened for training.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.core.normalise import Batch
from twinband.core.params import Runtime
from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.weights import save_weights
from twinband.pretraining.params import PretrainingData
from twinband.pretraining.pictures import loss_figure, masking_figure, reconstruction_sheet
from twinband.pretraining.task import MaskedPretraining, VisibleObjects
from twinband.shards.product import product_id
from twinband.shards.read import Dataset, open_products
from twinband.shards.write import link, write_atomically
from twinband.training.curve import read_curve
from twinband.training.data import PairBatches, keep_fraction
from twinband.training.distributed import Ranks
from twinband.training.loop import Log, TrainingResult, TrainingTask, train
from twinband.training.pixels import DecodedPixels, PairPixels
from twinband.training.settings import TrainingSettings

WEIGHTS = "weights.safetensors"


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
    model: MaskedAutoencoder | MSpecGene,
    datasets: Mapping[str, Dataset],
    data: PretrainingData,
    settings: TrainingSettings,
    *,
    out: Path,
    plots: Path,
    work: Path,
    runtime: Runtime,
    log: Log,
    progress: Callable[[int, int], None],
    ranks: Ranks | None = None,
) -> Pretrained:
    """Train ``model`` on the pairs of ``datasets``; write its weights into ``out``.

    Args:
        work: kept between tries; an interrupted run goes on from its last checkpoint.
        log: gets every row of the loss curve.
        progress: is told how many pairs were seen, and of how many.
        ranks: this process's place; each rank needs an ``out`` and ``plots`` of its own, all
            share ``work``.

    Raises:
        InputError: the checkpoints in ``work`` are of another run.
        NonFiniteError: the loss was no number; says which pairs were in the batch.
    """
    ranks = ranks or Ranks()
    pixels = PairPixels(datasets)
    decoded = DecodedPixels(pixels, work / f"decoded-{ranks.rank}.bin", data.decoded_mib << 20)
    batches = PairBatches(
        decoded,
        settings,
        size_px=data.image_px,
        shift_tolerance=data.shift_tolerance,
        workers=0 if settings.device == "cpu" else runtime.workers,
        ranks=ranks,
    )
    task = MaskedPretraining(model, settings.log_every)
    if task.sampler is not None:
        task.watch = VisibleObjects.of(datasets.values(), model.config)
    drawings = work / "drawings"

    def draw(done: int, trained: TrainingTask, batch: Batch) -> None:
        sheet = reconstruction_sheet(batch, model.reconstruct(batch))
        write_atomically(drawings / f"step-{done:06d}.jpg", sheet)

    run = work / "run"
    result = train(
        task, batches, settings, folder=run, log=log, progress=progress, draw=draw, ranks=ranks
    )
    ranks.wait()  # for the last row of the curve, which rank 0 writes
    if result.average is not None:
        task.load_state_dict({**task.state_dict(), **result.average})
    out.mkdir(parents=True, exist_ok=True)
    save_weights(model, out / WEIGHTS)
    curve = read_curve(run / "losses.csv")
    _write_plots(curve, run / "losses.csv", drawings, plots)
    return Pretrained(len(pixels), curve, result)


def _write_plots(
    curve: Mapping[str, NDArray[np.float64]], losses: Path, drawings: Path, plots: Path
) -> None:
    plots.mkdir(parents=True, exist_ok=True)
    for path in (losses, *sorted(drawings.glob("step-*.jpg"))):
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
