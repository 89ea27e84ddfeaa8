"""Common parts of the flows' command lines: a server, readable errors, exit codes, a table."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.dvc_command import DvcError
from flows.experiment_set import ExperimentSetError
from flows.graph import GraphError
from flows.server import ServerEnded, ServerError, prefect_server
from flows.stage_task import StageResult
from flows.walk import StagesFailed

INTERRUPTED = 130
JOBS = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="the most stages that run at a time")
]


def given_or_own_server() -> AbstractContextManager[object]:
    """Use the server that PREFECT_API_URL names, or start one that ends with this process.

    Prefect would start one by itself, but leaves it behind when it is killed.
    """
    return contextlib.nullcontext() if os.environ.get("PREFECT_API_URL") else prefect_server()


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Exit with 1 and a message on errors that users can mend, with 130 on Ctrl-C."""
    try:
        yield
    except ServerEnded as error:
        typer.echo(error, err=True)
        # Prefect's threads would look for the server, for minutes, before they let Python end.
        # All else has ended: what runs stages does not outlive its `with`.
        sys.stdout.flush()
        os._exit(1)
    except (DvcError, ExperimentSetError, GraphError, ServerError, StagesFailed) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("stopped; nothing is left running", err=True)
        raise typer.Exit(INTERRUPTED) from None


def run_and_report(run: Callable[[], Sequence[StageResult]]) -> None:
    """Run a flow over stages and print how each ended, also when some failed."""
    with exit_codes():
        failure = None
        try:
            with given_or_own_server():
                results = run()
        except StagesFailed as error:
            results, failure = error.results, error
        print_table(
            [{"stage": r.name, "state": r.state, "seconds": round(r.seconds, 1)} for r in results]
        )
        if failure:
            raise failure


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows with the same keys as a table; numbers to the right."""
    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        numeric = isinstance(value, int | float)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(table)
