"""Independent tasks over an executor: processes of this machine, or a running Dask cluster."""

import ctypes
import hashlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Protocol, TypeVar

from twinband.core.errors import InputError
from twinband.core.params import Runtime

Task = TypeVar("Task")
Result = TypeVar("Result")
PR_SET_PDEATHSIG = 1


class WritesFile(Protocol):
    """A task whose whole result is the file at ``path``, which appears at once or not at all."""

    @property
    def path(self) -> Path: ...


FileTask = TypeVar("FileTask", bound=WritesFile)


def map_unfinished(
    function: Callable[[FileTask], object],
    tasks: Sequence[FileTask],
    runtime: Runtime,
    *,
    finished: Callable[[Path], object],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Run those of ``tasks`` that an interrupted run left unfinished, as ``map_tasks`` does.

    Temporary files (``*.tmp``) that a killed run left beside the results are removed first.

    Args:
        finished: tells whether the file at a task's path is there and complete.
        progress: called with the number of finished tasks, earlier runs included, and of all.

    Returns:
        Number of tasks that were finished before.

    Raises:
        InputError: as ``map_tasks``.
    """
    for folder in {task.path.parent for task in tasks}:
        for abandoned in folder.glob("*.tmp"):
            abandoned.unlink()
    todo = [task for task in tasks if not finished(task.path)]
    continued = len(tasks) - len(todo)
    progress(continued, len(tasks))
    for done, _ in enumerate(map_tasks(function, todo, runtime), start=continued + 1):
        progress(done, len(tasks))
    return continued


def map_tasks(
    function: Callable[[Task], Result], tasks: Sequence[Task], runtime: Runtime
) -> Iterator[Result]:
    """Yield results in the order in which they get ready.

    ``function`` and tasks must be picklable and the function's effect must not depend on the
    order or the process. The first exception ends the iteration; tasks not begun are dropped.

    Raises:
        InputError: the Dask scheduler is not there.
    """
    if runtime.executor == "dask":
        yield from _on_dask(function, tasks, runtime.scheduler)
    elif runtime.workers == 1 or len(tasks) <= 1:
        yield from map(function, tasks)
    else:
        yield from _on_processes(function, tasks, min(runtime.workers, len(tasks)))


def _on_processes(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int
) -> Iterator[Result]:
    context = multiprocessing.get_context("spawn")  # forking a process with threads may hang it
    pool = ProcessPoolExecutor(workers, context, die_with_parent, (os.getpid(),))
    try:
        futures: list[Future[Result]] = [pool.submit(function, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent dies, however the parent dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)


def code_digest() -> str:
    """Compute a SHA-256 over all code of this process's twinband."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _check_same_code(client: Any) -> None:
    """Check that workers run this tree's code: their results are filed under it."""
    own = code_digest()
    others = [worker for worker, digest in client.run(code_digest).items() if digest != own]
    if others:
        raise InputError(
            f"Dask workers run another version of twinband than this tree: {', '.join(others)}; "
            "start them in this tree's environment, from its folder"
        )


def _on_dask(
    function: Callable[[Task], Result], tasks: Sequence[Task], scheduler: str
) -> Iterator[Result]:
    try:
        from distributed import Client
        from distributed import as_completed as completed

        client = Client(scheduler, set_as_default=False)
    except ModuleNotFoundError as error:
        raise InputError(f"{error}: pip install 'twinband[cluster]' to use Dask") from None
    except OSError as error:
        raise InputError(
            f"no Dask scheduler at runtime.scheduler = {scheduler}: {error}; start it first, or "
            "set runtime.executor to processes"
        ) from None
    with client:
        _check_same_code(client)
        futures = client.map(function, tasks, pure=False)
        for future in completed(futures, loop=client.loop):
            yield future.result()
