"""A Prefect server on this machine, with the scheduled flows of prefect.yaml, until Ctrl-C."""

import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import prefect
import typer
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.settings import PREFECT_HOME
from prefect.states import Crashed
from pydantic import BaseModel, ConfigDict

from flows.server import Server, ServerError, prefect_server
from flows.supervise import supervised

DEPLOYMENTS_FILE = Path(__file__).parents[1] / "prefect.yaml"
# A flow first ends its stages, within their own grace, and then reports its last state.
STOP_GRACE_S = 20.0
POLL_S = 0.2
DEPLOYMENTS = "from flows.serve import serve_deployments; serve_deployments()"
_OPEN = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


class _Deployment(BaseModel):
    """An entry of prefect.yaml's ``deployments``; its work pool is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    entrypoint: str
    description: str
    schedules: list[CronSchedule]
    parameters: dict[str, Any] = {}
    tags: list[str] = []
    concurrency_limit: int | None = None
    work_pool: dict[str, Any] = {}


def read_deployments(path: Path = DEPLOYMENTS_FILE) -> list[RunnerDeployment]:
    """Read the deployments that prefect.yaml describes.

    Raises:
        pydantic.ValidationError: an entry has an unknown key or a wrong value.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["deployments"]
    return [
        RunnerDeployment.from_entrypoint(
            schedules=list(entry.schedules),
            **entry.model_dump(exclude={"schedules", "work_pool"}),
        )
        for entry in (_Deployment.model_validate(entry) for entry in entries)
    ]


def serve_deployments() -> None:
    """Serve the deployments to the server that PREFECT_API_URL names, until a signal."""
    # One run at a time: all of them work on the same files.
    prefect.serve(*read_deployments(), limit=1)


def close_open_runs() -> None:
    """Mark every open run of a deployment as crashed.

    To be called when nothing runs deployments: a killed run would show as running for ever, and
    hold its deployment's only slot.
    """
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=_OPEN))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state)):
            if run.deployment_id:
                message = "What ran this flow was stopped before it ended."
                client.set_flow_run_state(run.id, Crashed(message=message), force=True)


def main(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 4200,
) -> None:
    """Serve the deployments of prefect.yaml with a Prefect server; Ctrl-C stops everything."""
    # SIGTERM stops like Ctrl-C: the flows first, then the server that keeps their last state.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with prefect_server(port, with_ui=True) as server, _secret_file(server, port) as secret:
            code = _run_deployments(server, _welcome(server, secret))
    except ServerError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("stopped; nothing is left running", err=True)
        return
    typer.echo(f"the deployments ended with code {code}", err=True)
    raise typer.Exit(1)


@contextlib.contextmanager
def _secret_file(server: Server, port: int) -> Iterator[Path]:
    """Keep the server's secret where only its user can read it, as long as the server runs."""
    path = PREFECT_HOME.value() / f"{port}.auth"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of an earlier server that was killed
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(server.secret)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _run_deployments(server: Server, welcome: str) -> int:
    """Serve the deployments in a process of their own; returns its exit code.

    Raises:
        ServerEnded: the server ended first; then so have the deployments and their runs.
    """
    close_open_runs()  # of an earlier server that was killed
    try:
        # SIGINT, because Prefect's runner answers SIGTERM with tracebacks.
        with supervised(
            [sys.executable, "-c", DEPLOYMENTS],
            stop_signal=signal.SIGINT,
            grace_s=STOP_GRACE_S,
            env={**os.environ, **server.environment},
        ) as deployments:
            typer.echo(welcome)
            while (code := deployments.poll()) is None and server.process.poll() is None:
                time.sleep(POLL_S)
            return code or 0
    finally:
        server.check()
        close_open_runs()


def _welcome(server: Server, secret: Path) -> str:
    here = Path.cwd()
    file = secret.relative_to(here) if secret.is_relative_to(here) else secret
    return (
        f"Prefect's pages: {server.url.removesuffix('/api')}\n"
        f"They ask for a password, new at each start: it is in {file}\n"
        "From a second shell, in this folder:\n"
        f"  export PREFECT_API_URL={server.url}\n"
        f'  export PREFECT_API_AUTH_STRING="$(cat {shlex.quote(str(file))})"\n'
        "  prefect deployment run rebuild/nightly\n"
        "Ctrl-C stops everything."
    )


if __name__ == "__main__":
    typer.run(main)
