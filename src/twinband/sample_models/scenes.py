"""Rendered scenes with their truth, random views of them, and batches.

A view is one modality of a scene, perhaps a part of it, perhaps mirrored, its greys changed as
another camera's might be. Batches are a pure function of seed and step.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from twinband.core.normalise import Batch
from twinband.core.parallel import map_unfinished
from twinband.core.params import Runtime
from twinband.labels.images import MODALITIES
from twinband.shards.write import is_kept, keep, read_kept
from twinband.training.data import Stream
from twinband.training.distributed import Ranks
from twinband.training.seeds import seed_of
from twinband.training.settings import TrainingSettings
from twinband.world.render import render
from twinband.world.scene import HOURS, sample_scene

SCENES_A_FILE = 50
HELD_OUT_SEED = 0  # the same scenes for every annotator and every training
WORLD = "annotators"  # with the seed it chooses scenes that no sample dataset has
FIELDS = ("rgb", "thermal", "depth", "semantics", "instances")


@dataclass(frozen=True, slots=True)
class LabelledScene:
    """One scene and its truth.

    Attributes:
        name: unique among all scenes.
        hour: one of ``HOURS``.
        rgb: ``H,W,3`` uint8.
        thermal: ``H,W`` uint8.
        depth: ``H,W`` float32 metres, 0 for the sky.
        semantics: ``H,W`` uint8, ids of ``SCENE_CLASSES``.
        instances: ``H,W`` uint16, 0 for none.
    """

    name: str
    hour: str
    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    depth: NDArray[np.float32]
    semantics: NDArray[np.uint8]
    instances: NDArray[np.uint16]

    def image(self, modality: str) -> NDArray[np.uint8]:
        """Give one modality as ``H,W,3`` uint8; of thermal three equal channels."""
        return self.rgb if modality == "rgb" else np.repeat(self.thermal[..., None], 3, axis=2)


@dataclass(frozen=True, slots=True)
class Rendering:
    """Scenes ``begin`` to ``end`` of a part, to be rendered into the file at ``path``."""

    path: Path
    part: str
    seed: int
    begin: int
    end: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """An image ``H,W,3`` uint8 and its truth on the same grid, as in ``LabelledScene``."""

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    semantics: NDArray[np.uint8]
    instances: NDArray[np.uint16]


Arrays = Mapping[str, NDArray[Any]]
Prepare = Callable[[View, np.random.Generator], Arrays]


def rendered_scenes(
    part: str,
    count: int,
    *,
    seed: int,
    size: tuple[int, int],
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sequence[LabelledScene]:
    """Render the first ``count`` scenes of a part, hours in turn; finished files are kept.

    Args:
        part: ``train`` or ``held_out``; no scene is in both.
        size: width and height in pixels.
        work: folder for the rendered files.
        progress: is told how many files are finished, and of how many.
    """
    tasks = [
        Rendering(
            work / f"{part}-{begin:06d}.scenes",
            part,
            seed,
            begin,
            min(begin + SCENES_A_FILE, count),
            *size,
        )
        for begin in range(0, count, SCENES_A_FILE)
    ]
    work.mkdir(parents=True, exist_ok=True)
    map_unfinished(render_file, tasks, runtime, finished=is_kept, progress=progress)
    return [scene for task in tasks for scene in _read(task)]


def draw_view(
    scene: LabelledScene, least_zoom: float, image_px: int, rng: np.random.Generator
) -> View:
    """Draw a view in the scene's proportions.

    Args:
        least_zoom: half of the views are cut out, with sides from this share of the scene's up to
            all of it; 1 cuts nothing, for tasks that need whole images.
        image_px: longer side of the view, shrunk after the camera's changes.
    """
    image = scene.image(MODALITIES[int(rng.integers(2))])
    view = View(image, scene.depth, scene.semantics, scene.instances)
    if least_zoom < 1 and rng.random() < 0.5:
        view = _cut(view, float(rng.uniform(least_zoom, 1)), rng)
    if rng.random() < 0.5:
        view = View(*(a[:, ::-1] for a in _arrays(view)))
    height, width = view.semantics.shape
    scale = image_px / max(height, width)
    view = replace(view, image=_other_camera(view.image, rng))
    return _resized(view, round(height * scale), round(width * scale))


class SceneBatches:
    """Batches for ``training.loop.train``.

    Args:
        scenes: returns the scenes; not called by a run that is finished.
        identity: JSON values that identify the scenes.
        prepare: makes a view the arrays of a sample, of equal shapes for all.
        least_zoom, image_px: see ``draw_view``.
        settings: of the run.
    """

    def __init__(
        self,
        scenes: Callable[[], Sequence[LabelledScene]],
        identity: Mapping[str, Any],
        prepare: Prepare,
        least_zoom: float,
        image_px: int,
        settings: TrainingSettings,
    ) -> None:
        self._scenes = scenes
        self._prepare = prepare
        self._least_zoom = least_zoom
        self._image_px = image_px
        self._settings = settings
        self.identity: dict[str, Any] = {**identity, "least_zoom": least_zoom, "image_px": image_px}

    def starting_at(self, step: int) -> Iterator[Batch]:
        """Yield batches from ``step`` on; see ``training.loop.Batches``."""
        device = torch.device(self._settings.device)
        scenes = self._scenes()
        for places in Stream(len(scenes), self._settings, Ranks(), step):
            samples = [self._sample(scenes[index], epoch) for index, epoch in places]
            batch: Batch = {"key": [scenes[index].name for index, _ in places]}
            for name in samples[0]:
                array = np.stack([sample[name] for sample in samples])
                batch[name] = torch.from_numpy(array).to(device)
            yield batch

    def _sample(self, scene: LabelledScene, epoch: int) -> Arrays:
        rng = np.random.Generator(np.random.PCG64(seed_of(self._settings.seed, scene.name, epoch)))
        return self._prepare(draw_view(scene, self._least_zoom, self._image_px, rng), rng)


def render_file(task: Rendering) -> None:
    """Render some scenes into one file."""
    scenes = []
    for index in range(task.begin, task.end):
        scene = sample_scene(task.seed, f"{WORLD}-{task.part}", index, _hour(index))
        rendered = render(scene, task.width, task.height)
        scenes.append((rendered.rgb, rendered.thermal, rendered.depth,
                       rendered.scene_semantics, rendered.instances))  # fmt: skip
    columns = zip(FIELDS, zip(*scenes, strict=True), strict=True)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **{n: np.stack(column) for n, column in columns})
    keep(task.path, stream.getvalue())


def _read(task: Rendering) -> list[LabelledScene]:
    with np.load(io.BytesIO(read_kept(task.path)), allow_pickle=False) as arrays:
        columns = [arrays[name] for name in FIELDS]
    return [
        LabelledScene(f"{task.part}-{index:06d}", _hour(index), *(c[row] for c in columns))
        for row, index in enumerate(range(task.begin, task.end))
    ]


def _hour(index: int) -> str:
    return HOURS[index % len(HOURS)]


def _arrays(view: View) -> tuple[NDArray[Any], ...]:
    return view.image, view.depth, view.semantics, view.instances


def _cut(view: View, zoom: float, rng: np.random.Generator) -> View:
    height, width = view.semantics.shape
    rows, columns = round(height * zoom), round(width * zoom)
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    part = (slice(top, top + rows), slice(left, left + columns))
    return _resized(View(*(array[part] for array in _arrays(view))), height, width)


def _resized(view: View, height: int, width: int) -> View:
    def resized(array: NDArray[Any], interpolation: int) -> NDArray[Any]:
        array = np.ascontiguousarray(array)
        return cv2.resize(array, (width, height), interpolation=interpolation)

    image, *truth = _arrays(view)
    return View(resized(image, cv2.INTER_LINEAR), *(resized(a, cv2.INTER_NEAREST) for a in truth))


def _other_camera(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    gain, offset = rng.uniform(0.7, 1.3), rng.uniform(-20, 20)
    gamma = np.exp(rng.uniform(-0.35, 0.35))
    levels = (np.arange(256) / 255) ** gamma * 255
    table = np.clip((levels - 128) * gain + 128 + offset, 0, 255).astype(np.uint8)
    changed = table[image]
    if rng.random() < 0.25:
        changed = cv2.GaussianBlur(changed, (0, 0), float(rng.uniform(0.4, 1.2)))
    if rng.random() < 0.5:
        noise = rng.standard_normal(image.shape[:2], np.float32)[..., None] * rng.uniform(1, 8)
        changed = np.clip(changed + noise, 0, 255).astype(np.uint8)
    return changed
