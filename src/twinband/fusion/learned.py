"""Training of learnt methods of fusion that need nothing but pairs.

Each is a module of ``twinband.fusion_methods`` that adds to ``files.LearnedMethod``

- ``Task(network)``, a ``FusionTask`` with its losses, or
- ``fit(network, batches, progress)``, for one that gradients do not train; it returns its losses.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from twinband.core.normalise import Batch
from twinband.core.params import ParamsError, Run
from twinband.fusion.data import open_fusion_pairs
from twinband.fusion.facts import Curve, model_card
from twinband.fusion.files import learned_method
from twinband.fusion.params import TrainFusionParams
from twinband.fusion.training import (
    CURVE,
    OpenLog,
    Places,
    Trained,
    batches_of,
    fitted,
    left_behind,
    timings_of,
)
from twinband.shards.write import link, write_atomically
from twinband.training.curve import LossCurve, read_curve
from twinband.training.seeds import seeded

Progress = Callable[[int, int], None]


class Fit(Protocol):
    """Training without gradients."""

    def __call__(
        self, network: nn.Module, batches: Iterator[Batch], steps: int, progress: Progress
    ) -> list[dict[str, float]]:
        """Set the network's weights; returns the losses of each of ``steps`` steps, of which each
        takes one batch."""
        ...


def train_fusion(
    params: TrainFusionParams, places: Places, *, run: Run, open_log: OpenLog
) -> Trained:
    """Train a method; write its weights, fused images of the dataset, card and pictures.

    Args:
        open_log: opens a log in the given folder, called with every row of the loss curve.

    Raises:
        InputError: there are no pairs, or the checkpoints are of another run.
        NonFiniteError: the loss was no number; says which pairs were in the batch.
        ParamsError: there is no such method, or it does not have these options.
    """
    pairs = open_fusion_pairs(places.pairs, places.registered)
    settings = params.training
    torch.set_num_threads(settings.threads)  # also for what is fitted and fused outside the loop
    with seeded(settings.seed):
        method, network = _fresh(params, run.item)
        batches = batches_of(pairs, params.data, settings, run)
        if hasattr(method, "fit"):
            rows = method.fit(network, batches.starting_at(0), settings.steps, run.progress)
            _write_curve(rows, run)
            timings: dict[str, float | int] = {}
        else:
            result = fitted(method.Task(network), batches, settings, run, open_log)
            timings = timings_of(result)
    path = run.work / "run" / CURVE
    curve = read_curve(path)
    facts = left_behind(
        params.method,
        params.options,
        network,
        curve,
        panels_of(curve),
        dataset=params.dataset,
        pairs=pairs,
        places=places,
        run=run,
    )
    link(path, places.plots / CURVE)
    sentence = (method.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    card = model_card(run.item, sentence, {"method": params.method, **params.options}, facts)
    write_atomically(places.out / "README.md", card.encode())
    return Trained(facts, timings)


def _fresh(params: TrainFusionParams, item: str) -> tuple[Any, nn.Module]:
    try:
        method = learned_method(params.method)
        network = method.network(**params.options)
    except (TypeError, ValueError) as error:
        raise ParamsError([f"train_fusion.items.{item}: {error}"]) from None
    if not hasattr(method, "Task") and not hasattr(method, "fit"):
        raise ParamsError([f"train_fusion.items.{item}.method: {params.method} has its own stage"])
    return method, network


def panels_of(curve: Curve) -> Mapping[str, list[str]]:
    """Show all losses in one panel, and scores of adversaries in another."""
    names = [name for name in curve if name.startswith("loss")]
    return {"losses": names, "others": [n for n in curve if n not in (*names, "step", "lr")]}


def _write_curve(rows: list[dict[str, float]], run: Run) -> None:
    curve = LossCurve(run.work / "run" / CURVE)
    for number, row in enumerate(rows):
        curve.append(number + 1, {name: float(np.float64(value)) for name, value in row.items()})
