"""Rendered scenes to learn from and to be scored on, in arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.parallel import map_unfinished
from twinband.params.runtime import Runtime
from twinband.sample.render import render
from twinband.sample.scene import HOURS, sample_scene

SCENES_A_FILE = 50
HELD_OUT_SEED = 0  # the same scenes for every annotator and every training
WORLD = "annotators"  # with the seed it chooses scenes that no sample dataset has


@dataclass(frozen=True, slots=True)
class LabelledScene:
    """One scene and its truth.

    Attributes:
        name: unique among all scenes.
        hour: one of ``HOURS``.
        rgb: ``H,W,3`` uint8. thermal: ``H,W`` uint8.
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
        """``H,W,3`` uint8; of thermal three equal channels."""
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
    """The first ``count`` scenes of a part, hours in turn; what is rendered already is kept.

    Args:
        part: ``train`` or ``held_out``; no scene is in both.
        size: width and height in pixels.
        work: folder for the rendered files.
        progress: is told how many files are done, and of how many.
    """
    tasks = [
        Rendering(
            work / f"{part}-{begin:06d}.npz",
            part,
            seed,
            begin,
            min(begin + SCENES_A_FILE, count),
            *size,
        )
        for begin in range(0, count, SCENES_A_FILE)
    ]
    work.mkdir(parents=True, exist_ok=True)
    map_unfinished(render_file, tasks, runtime, finished=Path.is_file, progress=progress)
    return [scene for task in tasks for scene in _read(task)]


def render_file(task: Rendering) -> None:
    """Render some scenes into one file, which appears whole or not at all."""
    scenes = []
    for index in range(task.begin, task.end):
        scene = sample_scene(task.seed, f"{WORLD}-{task.part}", index, _hour(index))
        rendered = render(scene, task.width, task.height)
        scenes.append((rendered.rgb, rendered.thermal, rendered.depth,
                       rendered.scene_semantics, rendered.instances))  # fmt: skip
    temporary = task.path.with_suffix(".tmp")
    names = ("rgb", "thermal", "depth", "semantics", "instances")
    with temporary.open("wb") as stream:
        columns = zip(names, zip(*scenes, strict=True), strict=True)
        np.savez(stream, allow_pickle=False, **{n: np.stack(column) for n, column in columns})
    temporary.replace(task.path)


def _read(task: Rendering) -> list[LabelledScene]:
    with np.load(task.path, allow_pickle=False) as arrays:
        columns = [arrays[n] for n in ("rgb", "thermal", "depth", "semantics", "instances")]
    return [
        LabelledScene(f"{task.part}-{index:06d}", _hour(index), *(c[row] for c in columns))
        for row, index in enumerate(range(task.begin, task.end))
    ]


def _hour(index: int) -> str:
    return HOURS[index % len(HOURS)]
