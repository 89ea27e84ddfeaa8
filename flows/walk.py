"""The walk over DVC's graph, used by the flows ``rebuild`` and ``evaluate``."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from filelock import FileLock
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.artifacts import read_metrics, show_metrics, show_report, show_stages
from flows.dvc_command import changed_stages, make_ready, repository_root
from flows.graph import Stage, read_graph, select
from flows.stage_task import NOT_READY, StageProcesses, StageResult, stage_task

# A thread per stage, since a stage that waits for another holds one, too. `max_parallel` limits
# the processes.
TASK_RUNNER: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=1000)


class StagesFailed(RuntimeError):
    """Some stages failed; ``results`` holds those of all stages."""

    def __init__(self, results: Sequence[StageResult]) -> None:
        failed = [result for result in results if result.message]
        waiting = [result.name for result in results if result.state == NOT_READY]
        lines = [f"{len(failed)} of {len(results)} stages failed:"]
        lines += [f"- {result.message}" for result in failed]
        if waiting:
            lines.append(f"- not run, because they need what failed: {', '.join(waiting)}")
        super().__init__("\n".join(lines))
        self.results = list(results)


def walk(targets: Iterable[str] | None, max_parallel: int) -> list[StageResult]:
    """Bring the target stages and everything upstream up to date; to be called inside a flow.

    Args:
        targets: see ``flows.graph.select``; None for all.
        max_parallel: the most stages that run at a time.

    Returns:
        The result of each stage, in the graph's order.

    Raises:
        StagesFailed: some failed; all that do not need them were run.
        GraphError, DvcError: the graph cannot be read, or a target is unknown.
    """
    root = repository_root()
    # One walk at a time: DVC turns away a second command on the same stage. The kernel frees this
    # lock when its holder dies.
    with FileLock(root / ".dvc" / "tmp" / "walk.lock"):
        make_ready(root, get_run_logger().warning)
        stages, changed = _plan(root, targets)
        before = read_metrics(root, stages.values())
        results = _run(root, stages, changed, max_parallel)
    show_stages(results)
    show_metrics(before, read_metrics(root, stages.values()))
    show_report(root, stages.values())
    if any(result.message for result in results):
        raise StagesFailed(results)
    return results


def _plan(root: Path, targets: Iterable[str] | None) -> tuple[dict[str, Stage], set[str]]:
    """Read the stages to walk, and which of them changed.

    For the entire graph both at a time: each takes a second or more.
    """
    if targets is not None:
        stages = select(read_graph(root), targets)
        return stages, changed_stages(root, stages)
    with ThreadPoolExecutor(1) as executor:
        changed = executor.submit(changed_stages, root)
        return read_graph(root), changed.result()


def _run(
    root: Path, stages: dict[str, Stage], changed: set[str], max_parallel: int
) -> list[StageResult]:
    processes = StageProcesses(root, max_parallel)
    results: dict[str, StageResult] = {}
    futures: dict[str, PrefectFuture[Any]] = {}
    try:
        for name, stage in stages.items():
            task = stage_task(stage, name in changed, processes, results)
            futures[name] = task.submit(
                return_state=False, wait_for=[futures[other] for other in stage.upstream]
            )
        for future in futures.values():
            future.wait()
    finally:
        # Ctrl-C, SIGTERM and a cancellation from the UI all arrive here, as an exception in the
        # main thread; Prefect's worker threads end with their processes.
        processes.stop()
    return [results.get(name) or _unstarted(name, future) for name, future in futures.items()]


def _unstarted(name: str, future: PrefectFuture[Any]) -> StageResult:
    """Make the result of a stage whose task never returned one."""
    state = future.state
    failure = f"stage '{name}': {state.message}" if state.is_failed() else ""
    return StageResult(name, state.name or state.type.value, message=failure)
