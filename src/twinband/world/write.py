"""Boxes in whole pixels.

Files of the kinds that layouts are made of; equal content gives equal bytes.

What every layout is given: which scenes to render, where to write, and how to run.

Writing one sample dataset in the layout of a public one: ``write``.
"""

import csv
import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from twinband.core import images
from twinband.core.parallel import map_tasks
from twinband.core.params import Runtime
from twinband.world.render import Box, Rendered, render
from twinband.world.scene import sample_scene


def whole_pixels(box: Box) -> tuple[int, int, int, int]:
    """The least box of whole pixels around ``box``, 0-based and half-open."""
    x1, y1, x2, y2 = box.xyxy
    return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)


JPEG_QUALITY = 95


def write_bytes(path: Path, data: bytes) -> None:
    """A file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_png(path: Path, pixels: NDArray[np.generic]) -> None:
    """``H,W``, ``H,W,3`` RGB or ``H,W,4`` RGBA, uint8 or uint16."""
    write_bytes(path, images.encode_png(pixels))


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """JPEG bytes of ``H,W`` (one channel) or ``H,W,3`` RGB, in the quality of a camera."""
    return images.encode_jpeg(pixels, JPEG_QUALITY)


def write_jpeg(path: Path, pixels: NDArray[np.uint8]) -> None:
    """``H,W`` (one channel) or ``H,W,3`` RGB."""
    write_bytes(path, encode_jpeg(pixels))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """A text file, each line ended."""
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file; floats are written so that they read back exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Job:
    """One sample dataset.

    Attributes:
        root: the folder to write into.
        count: pairs (frames, crops) wanted.
        seed, name: together they choose the scenes.
        width, height: of the rendered scenes, in pixels.
    """

    root: Path
    count: int
    seed: int
    name: str
    width: int
    height: int

    def render(self, index: int, hour: str) -> Rendered:
        """Scene ``index``; it depends on neither ``count`` nor other scenes."""
        return render(sample_scene(self.seed, self.name, index, hour), self.width, self.height)


class Each(Protocol):
    """Calls ``function(job, index)`` for every index, perhaps side by side."""

    def __call__(
        self,
        function: Callable[[Job, int], Result],
        indices: Iterable[int],
        pairs: int = 1,
    ) -> list[Result]:
        """The results in order of ``indices``.

        Args:
            function: at the top of a module, so that other processes find it.
            indices: what it is called with.
            pairs: how many pairs one call stands for in the shown progress.
        """
        ...


def write(
    layout: str,
    root: Path,
    *,
    count: int,
    seed: int,
    width: int,
    height: int,
    name: str,
    workers: int,
    progress: Callable[[int], None],
) -> None:
    """Render scenes and write them below ``root``, with ``attributes.csv`` and ``truth/``.

    The bytes do not depend on ``workers``. A larger ``count`` adds images and changes none.

    Args:
        layout: name of a public module of this package, whose ``write_all`` does the work.
        root: folder to write into; made if it is not there.
        count: pairs wanted (frames for ``rgbt234``, crops for ``class_folders``).
        seed: with ``name`` chooses the scenes.
        width: of the rendered scenes, in pixels.
        height: of the rendered scenes, in pixels.
        name: name of the dataset.
        workers: processes side by side.
        progress: told how many of the ``count`` pairs are done.

    Raises:
        InputError: the scenes hold too few objects to cut ``count`` crops from.
    """
    job = Job(root, count, seed, name, width, height)
    runtime = Runtime(executor="processes", workers=workers, scheduler="", log_level="info")
    done = 0

    def each(
        function: Callable[[Job, int], Result], indices: Iterable[int], pairs: int = 1
    ) -> list[Result]:
        nonlocal done
        results = {}
        for index, result in map_tasks(partial(_numbered, function, job), list(indices), runtime):
            results[index] = result
            done = min(done + pairs, count)
            progress(done)
        return [results[index] for index in sorted(results)]

    importlib.import_module(f"twinband.layouts.{layout}").write_all(job, each)


def _numbered(function: Callable[[Job, int], Result], job: Job, index: int) -> tuple[int, Result]:
    return index, function(job, index)
