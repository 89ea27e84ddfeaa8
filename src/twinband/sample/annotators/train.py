"""Training one of the small annotators, from scenes to the folder that is shipped."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.params.runtime import Runtime
from twinband.params.sample_models import SampleModel
from twinband.sample.annotators.batches import SceneBatches
from twinband.sample.annotators.recipes import RECIPES
from twinband.sample.annotators.scenes import rendered_scenes
from twinband.shards.write import write_atomically
from twinband.training.curve import read_curve
from twinband.training.loop import Log, TrainingResult, train


@dataclass(frozen=True, slots=True)
class TrainedAnnotator:
    """What a run left behind.

    Attributes:
        parameters: of the model.
        curve: columns of the loss curve.
        result: of the training loop.
        seconds: of training, interrupted tries included.
    """

    parameters: int
    curve: Mapping[str, NDArray[np.float64]]
    result: TrainingResult
    seconds: float

    def facts(self) -> dict[str, Any]:
        """Deterministic figures for metrics/: parameters, and each column's last value."""
        last = {n: round(float(c[-1]), 5) for n, c in self.curve.items() if n not in ("step", "lr")}
        return {"parameters": self.parameters, "last": last}


def train_annotator(
    params: SampleModel,
    out: Path,
    *,
    work: Path,
    runtime: Runtime,
    log: Log,
    progress: Callable[[int, int], None],
) -> TrainedAnnotator:
    """Train the annotator of ``params`` and write it into ``out``.

    Args:
        work: kept between tries; an interrupted run goes on from its last checkpoint.
        log: gets every row of the loss curve.
        progress: is told how many images were seen, and of how many.
    """
    recipe, settings = RECIPES[params.recipe], params.training.settings()
    scenes = rendered_scenes(
        "train",
        params.scenes,
        seed=params.seed,
        size=(params.width_px, params.height_px),
        work=work / "scenes",
        runtime=runtime,
    )
    model = recipe.build()
    task = recipe.task(model)
    batches = SceneBatches(scenes, recipe.prepare, params.least_zoom, settings)
    run = work / "run"
    begin = time.monotonic()
    result = train(task, batches, settings, folder=run, log=log, progress=progress)
    if result.average is not None:
        task.load_state_dict({**task.state_dict(), **result.average})
    out.mkdir(parents=True, exist_ok=True)
    recipe.save(model.eval(), out)
    parameters = sum(p.numel() for p in model.parameters())
    seconds = _add_seconds(run / "seconds.json", time.monotonic() - begin)
    return TrainedAnnotator(parameters, read_curve(run / "losses.csv"), result, seconds)


def _add_seconds(path: Path, seconds: float) -> float:
    """Seconds of this and all earlier tries that came to an end."""
    before = json.loads(path.read_bytes()) if path.is_file() else 0.0
    write_atomically(path, json.dumps(before + seconds).encode())
    return float(before + seconds)
