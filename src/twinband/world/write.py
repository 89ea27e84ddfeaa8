"""The writer of a sample dataset in the layout of a public one, and the helpers that layouts share.

Equal content gives equal bytes.
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

JPEG_QUALITY = 95
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Job:
    """One sample dataset to be written.

    Attributes:
        root: the folder to write into.
        count: number of pairs (frames, crops).
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
        """Render scene ``index``; it depends on neither ``count`` nor other scenes."""
        return render(sample_scene(self.seed, self.name, index, hour), self.width, self.height)


class ForEach(Protocol):
    """A map over scenes, perhaps in several processes."""

    def __call__(
        self,
        function: Callable[[Job, int], Result],
        indices: Iterable[int],
        pairs: int = 1,
    ) -> list[Result]:
        """Call ``function(job, index)`` for every index; the results in order of ``indices``.

        Args:
            function: at the top of a module, so that other processes find it.
            indices: of scenes or sequences.
            pairs: number of pairs that one call adds to the progress.
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
        layout: name of a module of ``twinband.layouts``, whose ``write_all`` does the work.
        root: folder to write into; made if it is not there.
        count: number of pairs (frames for ``rgbt234``, crops for ``class_folders``).
        seed: with ``name`` chooses the scenes.
        width: of the rendered scenes, in pixels.
        height: of the rendered scenes, in pixels.
        name: name of the dataset.
        workers: processes side by side.
        progress: is told how many of the ``count`` pairs are written.

    Raises:
        InputError: the scenes hold too few objects to cut ``count`` crops from.
    """
    job = Job(root, count, seed, name, width, height)
    runtime = Runtime(executor="processes", workers=workers, scheduler="", log_level="info")
    written = 0

    def for_each(
        function: Callable[[Job, int], Result], indices: Iterable[int], pairs: int = 1
    ) -> list[Result]:
        nonlocal written
        results = {}
        for index, result in map_tasks(partial(_numbered, function, job), list(indices), runtime):
            results[index] = result
            written = min(written + pairs, count)
            progress(written)
        return [results[index] for index in sorted(results)]

    importlib.import_module(f"twinband.layouts.{layout}").write_all(job, for_each)


def whole_pixels(box: Box) -> tuple[int, int, int, int]:
    """Round ``box`` out to whole pixels, 0-based and half-open."""
    x1, y1, x2, y2 = box.xyxy
    return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_png(path: Path, pixels: NDArray[np.generic]) -> None:
    """Write ``H,W``, ``H,W,3`` RGB or ``H,W,4`` RGBA, uint8 or uint16."""
    write_bytes(path, images.encode_png(pixels))


def write_jpeg(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write ``H,W`` (one channel) or ``H,W,3`` RGB."""
    write_bytes(path, encode_jpeg(pixels))


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode ``H,W`` (one channel) or ``H,W,3`` RGB as JPEG, in the quality of a camera."""
    return images.encode_jpeg(pixels, JPEG_QUALITY)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file, each line ended."""
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file; floats read back exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _numbered(function: Callable[[Job, int], Result], job: Job, index: int) -> tuple[int, Result]:
    return index, function(job, index)
