"""The flow ``rebuild``: the stages that changed and those downstream, side by side."""

from typing import Annotated

import typer
from prefect import flow

from flows.command_line import JOBS, run_and_report
from flows.stage_task import StageResult
from flows.walk import TASK_RUNNER, walk


@flow(name="rebuild", persist_result=False, task_runner=TASK_RUNNER)
def rebuild(targets: list[str] | None = None, max_parallel: int = 2) -> list[StageResult]:
    """Run the stages that changed and those downstream; DVC alone decides which need it.

    Args:
        targets: see ``flows.graph.select``; None for the entire graph.
        max_parallel: the most stages that run at a time.
    """
    return walk(targets, max_parallel)


def main(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[STAGE]...", help="all, if none is named")
    ] = None,
    jobs: JOBS = 2,
) -> None:
    """Rebuild what changed, independent stages side by side, as a Prefect flow."""
    run_and_report(lambda: rebuild(targets or None, max_parallel=jobs))


if __name__ == "__main__":
    typer.run(main)
