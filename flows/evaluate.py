"""The flow ``evaluate``: the benchmarks and everything upstream of them."""

from typing import Annotated

import typer
from prefect import flow

from flows.command_line import JOBS, run_and_report
from flows.stage_task import StageResult
from flows.walk import TASK_RUNNER, walk


@flow(name="evaluate", persist_result=False, task_runner=TASK_RUNNER)
def evaluate(benchmark: str | None = None, max_parallel: int = 2) -> list[StageResult]:
    """Bring the evaluations up to date.

    Args:
        benchmark: run only this one, with every model (stages ``evaluate@BENCHMARK-MODEL``); None
            for all.
        max_parallel: the most stages that run at a time.
    """
    return walk([f"evaluate@{benchmark}-*" if benchmark else "evaluate@*"], max_parallel)


def main(
    benchmark: Annotated[str | None, typer.Argument(help="all, if none is named")] = None,
    jobs: JOBS = 2,
) -> None:
    """Evaluate on one benchmark or on all; rebuilds what that needs."""
    run_and_report(lambda: evaluate(benchmark, max_parallel=jobs))


if __name__ == "__main__":
    typer.run(main)
