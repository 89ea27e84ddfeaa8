"""A Prefect server on this machine, with the scheduled flows of prefect.yaml, until Ctrl-C."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import prefect
import typer
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed
from pydantic import BaseModel, ConfigDict

from flows.supervise import supervised

DEPLOYMENTS_FILE = Path(__file__).parents[1] / "prefect.yaml"
HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 10.0
# A flow first ends its stages, within their own grace, and then reports its last state.
STOP_GRACE_S = 20.0
DEPLOYMENTS = "from flows.serve import serve_deployments; serve_deployments()"
_OPEN = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


class ServerError(RuntimeError):
    """The Prefect server did not come up."""


@contextlib.contextmanager
def prefect_server(port: int | None = None, *, with_ui: bool = False) -> Iterator[str]:
    """Run a server that ends with us, and have Prefect talk to it; yields its API's address.

    Args:
        port: None for any free one.
        with_ui: serve the pages and run the scheduler. A server for one command needs neither.

    Raises:
        ServerError: the port is taken, or the server ended or did not answer in time.
    """
    port = _free_port(port)
    quiet = [] if with_ui else ["--no-ui", "--no-scheduler", "--no-late-runs"]
    command = [sys.executable, "-m", "prefect", "server", "start"]
    options = ["--host", HOST, "--port", str(port), "--log-level", "WARNING"]
    url = f"http://{HOST}:{port}/api"
    # The UI in the browser asks for the API under this address.
    environment = {**os.environ, "PREFECT_API_URL": url}
    with supervised(
        [*command, *options, *quiet], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        _wait_until_healthy(process, url)
        with temporary_settings({PREFECT_API_URL: url}):
            try:
                yield url
            finally:
                # What is still queued would otherwise be sent, in vain and for minutes, on exit.
                APILogWorker.drain_all(timeout=DRAIN_TIMEOUT_S)
                EventsWorker.drain_all(timeout=DRAIN_TIMEOUT_S)


def _free_port(port: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise ServerError(f"port {port} is taken ({error.strerror}); choose another") from error
        return int(probe.getsockname()[1])


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"the Prefect server ended with code {process.returncode}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health", timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise ServerError(f"the Prefect server at {url} did not answer in {START_TIMEOUT_S:g} s")


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
        with prefect_server(port, with_ui=True) as url:
            code = _run_deployments(url)
    except ServerError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("stopped; nothing is left running", err=True)
        return
    typer.echo(f"the deployments ended with code {code}", err=True)
    raise typer.Exit(1)


def _run_deployments(url: str) -> int:
    """Serve the deployments in a process of their own; returns its exit code."""
    close_open_runs()  # of an earlier server that was killed
    try:
        # SIGINT, because Prefect's runner answers SIGTERM with tracebacks.
        with supervised(
            [sys.executable, "-c", DEPLOYMENTS],
            stop_signal=signal.SIGINT,
            grace_s=STOP_GRACE_S,
            env={**os.environ, "PREFECT_API_URL": url},
        ) as deployments:
            typer.echo(_welcome(url))
            return deployments.wait()
    finally:
        close_open_runs()


def _welcome(url: str) -> str:
    return (
        f"Prefect's pages: {url.removesuffix('/api')}\n"
        "From a second shell, in this folder:\n"
        f"  export PREFECT_API_URL={url}\n"
        "  prefect deployment run rebuild/nightly\n"
        "Ctrl-C stops everything."
    )


if __name__ == "__main__":
    typer.run(main)
