"""A Prefect server of our own, on this machine only, that ends with us."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.supervise import supervised

HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 10.0


class ServerError(RuntimeError):
    """The Prefect server did not come up."""


@contextlib.contextmanager
def prefect_server(port: int | None = None, *, with_ui: bool = False) -> Iterator[str]:
    """Run a server and make it the one that Prefect talks to; yields its API's address.

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
