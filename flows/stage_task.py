"""One stage as one Prefect task, run by DVC if it needs to run."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.dvc_command import dvc, environment, stream
from flows.graph import Stage
from flows.supervise import stop, supervised

RAN, RESTORED, UNCHANGED, FROZEN = "Ran", "Restored", "Unchanged", "Frozen"
FAILED, NOT_READY = "Failed", "NotReady"


class StageFailed(RuntimeError):
    """A stage's command failed; the message ends with the last lines of its output."""


@dataclass(frozen=True)
class StageResult:
    """Outcome of a stage: the name of its state, the seconds it took, and why it failed."""

    name: str
    state: str
    seconds: float = 0.0
    message: str = ""


class StageProcesses:
    """The stage processes of one flow run: runs so many at a time, and ends them all."""

    def __init__(self, root: Path, max_parallel: int) -> None:
        if max_parallel < 1:
            raise ValueError(f"max_parallel is {max_parallel}; it must be at least 1")
        self._root = root
        self._slots = threading.BoundedSemaphore(max_parallel)
        self._gpu = threading.Lock()
        self._guard = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, stage: Stage, on_line: Callable[[str], None]) -> tuple[str, float]:
        """Run a stage once there is room; calls ``on_line`` with each line of its output.

        Returns:
            State and seconds: RAN, RESTORED (from DVC's cache) or UNCHANGED, as DVC's output says.

        Raises:
            StageFailed: it failed, took longer than its ``timeout_s``, or the flow was stopped.
        """
        # The GPU first: a stage that waits for it must not keep others out of a slot.
        with self._gpu if stage.resources.gpu else nullcontext(), self._slots:
            start = time.monotonic()
            state = self._run(stage, on_line)
            return state, time.monotonic() - start

    def _run(self, stage: Stage, on_line: Callable[[str], None]) -> str:
        states: list[str] = []

        def listen(line: str) -> None:
            on_line(line)
            states.extend(_states(stage.name, line))

        with self._process(stage) as process, _deadline(process, stage) as expired:
            last = stream(process, listen)
            code = process.wait()
        if self._stopped:
            raise StageFailed(f"stage '{stage.name}' was stopped with its flow")
        if expired.is_set():
            limit = f"{stage.resources.timeout_s:g} s (meta.timeout_s)"
            raise StageFailed(
                f"stage '{stage.name}' was stopped after {limit}. Its last lines:\n{last}"
            )
        if code:
            raise StageFailed(f"stage '{stage.name}' failed. Its last lines:\n{last}")
        return states[-1] if states else RAN

    @contextmanager
    def _process(self, stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
        with supervised(
            dvc("repro", "--single-item", stage.name),
            stop_order="command-last",
            cwd=self._root,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            with self._guard:
                self._running.add(process)
                if self._stopped:
                    stop(process)
            try:
                yield process
            finally:
                with self._guard:
                    self._running.remove(process)

    def stop(self) -> None:
        """End every stage process and let no other start; returns at once."""
        with self._guard:
            self._stopped = True
            for process in self._running:
                stop(process)


@contextmanager
def _deadline(process: subprocess.Popen[bytes], stage: Stage) -> Iterator[threading.Event]:
    """Stop the process after the stage's ``timeout_s``, and then set the event."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        stop(process)

    if stage.resources.timeout_s is None:
        yield expired
        return
    timer = threading.Timer(stage.resources.timeout_s, expire)
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _states(name: str, line: str) -> list[str]:
    """Read the stage's state from a line of DVC's output; empty if it holds none."""
    if line in (f"Stage '{name}' didn't change, skipping", f"'{name}' didn't change, skipping"):
        return [UNCHANGED]
    if line.startswith(f"Stage '{name}' is cached - skipping run"):
        return [RESTORED]
    return []


def stage_task(
    stage: Stage, changed: bool, processes: StageProcesses, results: dict[str, StageResult]
) -> Task[[], State[Any]]:
    """Make the Prefect task of a stage.

    Args:
        stage: the stage.
        changed: whether it changed other than by upstream stages, see ``changed_stages``.
        processes: runs it.
        results: of the stages that have ended, by name. The task reads those of the upstream
            stages, which the flow lets end first, and adds its own.
    """

    # DVC is the only cache: Prefect must neither skip a stage nor keep what it returned.
    @task(
        name=stage.name.split("@")[0],
        task_run_name=stage.name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=stage.resources.retries,
    )
    def run_stage() -> State[Any]:
        start = time.monotonic()
        try:
            state, seconds = _outcome(stage, changed, processes, results)
        except StageFailed as error:
            spent = time.monotonic() - start
            results[stage.name] = StageResult(stage.name, FAILED, spent, str(error))
            raise
        results[stage.name] = StageResult(stage.name, state, seconds)
        return Completed() if state == RAN else Completed(name=state)

    return run_stage


def _outcome(
    stage: Stage, changed: bool, processes: StageProcesses, results: dict[str, StageResult]
) -> tuple[str, float]:
    if stage.frozen:
        return FROZEN, 0.0
    upstream = (results[name].state for name in stage.upstream)
    if not changed and not any(state in (RAN, RESTORED) for state in upstream):
        return UNCHANGED, 0.0
    return processes.run(stage, get_run_logger().info)
