"""Training of one small annotator, from scenes to the folder that is shipped."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.core.params import Run
from twinband.sample_models.params import SampleModelsParams
from twinband.sample_models.recipes import RECIPES
from twinband.sample_models.scenes import SceneBatches, rendered_scenes
from twinband.shards.write import is_kept, keep, read_kept
from twinband.training.curve import read_curve
from twinband.training.loop import Log, TrainingResult, TrainingTask, train


@dataclass(frozen=True, slots=True)
class TrainedAnnotator:
    """The result of all lessons.

    Attributes:
        parameters: number of the model's parameters.
        curves: columns of each lesson's loss curve.
        images_per_second: of the last lesson in this try; 0 if an earlier one had finished it.
        seconds: of training, interrupted tries included.
    """

    parameters: int
    curves: Sequence[Mapping[str, NDArray[np.float64]]]
    images_per_second: float
    seconds: float

    def last(self) -> dict[str, float]:
        """Return the last value of each column of the last curve."""
        columns = self.curves[-1].items()
        return {name: float(c[-1]) for name, c in columns if name not in ("step", "lr")}


def train_annotator(params: SampleModelsParams, out: Path, run: Run, log: Log) -> TrainedAnnotator:
    """Train the annotator of ``params`` and write it into ``out``.

    Args:
        run: an interrupted lesson goes on from its last checkpoint.
        log: called with every row of the loss curves, steps counted over all lessons.
    """
    recipe = RECIPES[params.recipe]
    model = recipe.for_images(recipe.build(), params.lessons[0].image_px)
    task = recipe.first_task(model)
    course = _Course(params, run, log)
    results = [course.teach(0, task)]
    for number, lesson in enumerate(params.lessons[1:], start=1):
        model = recipe.for_images(model, lesson.image_px)
        task = _taught(recipe.task(model), task)
        results.append(course.teach(number, task))
    out.mkdir(parents=True, exist_ok=True)
    recipe.save(model.eval(), out)
    return TrainedAnnotator(
        parameters=sum(p.numel() for p in model.parameters()),
        curves=[read_curve(course.folder(number) / "losses.csv") for number in range(len(results))],
        images_per_second=results[-1].pairs_per_second,
        seconds=course.clock().tick(),
    )


class Clock:
    """Seconds that all tries at a piece of work took; a killed one counts up to its last tick."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: float = json.loads(read_kept(path)) if is_kept(path) else 0.0
        self._begin = time.monotonic()

    def tick(self) -> float:
        """Write the time down; returns the seconds so far."""
        seconds = self._before + time.monotonic() - self._begin
        keep(self._path, json.dumps(seconds).encode())
        return seconds


@dataclass(frozen=True, slots=True)
class _Course:
    """The lessons of a model; steps and images are counted over all of them."""

    params: SampleModelsParams
    run: Run
    log: Log

    def clock(self) -> Clock:
        """Open the clock of all training so far."""
        return Clock(self.run.work / "seconds.json")

    def folder(self, number: int) -> Path:
        """Name the folder of a lesson's training."""
        return self.run.work / f"lesson-{number + 1}" / "run"

    def teach(self, number: int, task: TrainingTask) -> TrainingResult:
        """Train ``task`` in lesson ``number`` (from 0) and leave it with the average weights."""
        params, lesson = self.params, self.params.lessons[number]
        runs = [other.training for other in params.lessons]
        steps_before = sum(run.steps for run in runs[:number])
        seen_before = sum(run.steps * run.batch_size for run in runs[:number])
        images = sum(run.steps * run.batch_size for run in runs)

        rendered = self.folder(number).parent / "scenes"
        scenes = partial(
            rendered_scenes,
            "train",
            lesson.scenes,
            seed=lesson.seed,
            size=(params.width_px, params.height_px),
            work=rendered,
            runtime=self.run.runtime,
        )
        identity = {"scenes": lesson.scenes, "seed": lesson.seed}
        settings = lesson.training
        prepare = RECIPES[params.recipe].prepare
        clock = self.clock()

        def log(step: int, values: Mapping[str, float]) -> None:
            clock.tick()
            self.log(steps_before + step, values)

        result = train(
            task,
            SceneBatches(scenes, identity, prepare, params.least_zoom, lesson.image_px, settings),
            settings,
            folder=self.folder(number),
            log=log,
            progress=lambda seen, _: self.run.progress(seen_before + seen, images),
        )
        task.load_state_dict({**task.state_dict(), **(result.average or {})})
        shutil.rmtree(rendered, ignore_errors=True)  # gigabytes, and no step needs them any more
        return result


def _taught(task: TrainingTask, before: TrainingTask) -> TrainingTask:
    """Copy into ``task`` the weights of ``before``, except those of another size."""
    own, taught = task.state_dict(), before.state_dict()
    same = {name: taught[name] for name in own if taught[name].shape == own[name].shape}
    task.load_state_dict({**own, **same})
    return task
