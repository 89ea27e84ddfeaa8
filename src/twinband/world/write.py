"""Writing one sample dataset in the layout of a public one: ``write``."""

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from twinband.parallel import map_tasks
from twinband.params.runtime import Runtime
from twinband.sample.layouts._job import Job, Result


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

    importlib.import_module(f"twinband.sample.layouts.{layout}").write_all(job, each)


def _numbered(function: Callable[[Job, int], Result], job: Job, index: int) -> tuple[int, Result]:
    return index, function(job, index)
