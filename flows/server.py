"""A Prefect server that ends with the process that started it, and that nobody else can use.

Whoever can talk to Prefect's API can run commands here: a deployment has steps of its own. So each
server asks for a secret, made at its start, of which only memory and environments know (and the
file of ``make serve``), and refuses pages of other origins, see ``flows.server_app``.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    Settings,
    temporary_settings,
)

from flows.supervise import supervised

HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 10.0


class ServerError(RuntimeError):
    """The Prefect server did not come up."""


class ServerEnded(ServerError):
    """The Prefect server ended while it was needed."""


@dataclass(frozen=True)
class Server:
    """A running server: the address of its API, the secret it asks for, its process."""

    url: str
    secret: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Prefect's clients find the server and log in."""
        return {"PREFECT_API_URL": self.url, "PREFECT_API_AUTH_STRING": self.secret}

    def check(self) -> None:
        """Check that the server is running.

        Raises:
            ServerEnded: it has ended.
        """
        if self.process.poll() is not None:
            raise ServerEnded(
                f"the Prefect server ended with code {self.process.returncode} while it was "
                "needed; what the stages made is kept, and the next run continues from there"
            )


@contextlib.contextmanager
def prefect_server(port: int | None = None, *, with_ui: bool = False) -> Iterator[Server]:
    """Run a server that ends with us, and have Prefect talk to it.

    Args:
        port: None for any free one.
        with_ui: serve the pages and run the scheduler. A server for one command needs neither.

    Raises:
        ServerError: the port is taken, or the server ended or did not answer in time.
        ServerEnded: it ended later, and so what ran here failed.
    """
    port = _free_port(port)
    url = f"http://{HOST}:{port}/api"
    secret = secrets.token_urlsafe(32)
    with supervised(
        _command(port), env=_environment(url, secret, with_ui), stdout=subprocess.DEVNULL
    ) as process:
        server = Server(url, secret, process)
        _wait_until_up(server, port)
        login = {PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: secret}
        with temporary_settings(login) as settings:
            watch = (process, settings)
            threading.Thread(target=_end_retries_with, args=watch, daemon=True).start()
            try:
                yield server
            except (Exception, KeyboardInterrupt):
                server.check()  # its end explains the failure better than a refused connection
                raise
            finally:
                if process.poll() is None:
                    # What is queued would else be sent, in vain and for minutes, on exit.
                    APILogWorker.drain_all(timeout=DRAIN_TIMEOUT_S)
                    EventsWorker.drain_all(timeout=DRAIN_TIMEOUT_S)


def _command(port: int) -> list[str]:
    python = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(__file__).parents[1])]
    app = ["--factory", "flows.server_app:create", "--no-proxy-headers"]
    return [*python, *app, "--host", HOST, "--port", str(port), "--log-level", "warning"]


def _environment(url: str, secret: str, with_ui: bool) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_API_URL": url,  # where the pages in the browser look for the API
        "PREFECT_API_AUTH_STRING": secret,
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": url.removesuffix("/api"),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_UI_ENABLED": str(with_ui),
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": str(with_ui),
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": str(with_ui),
    }


def _free_port(port: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port or 0))
        except OSError as error:
            raise ServerError(f"port {port} is taken ({error.strerror}); choose another") from error
        return int(probe.getsockname()[1])


def _wait_until_up(server: Server, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerError(f"the Prefect server ended with code {server.process.returncode}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/health", timeout=2).status_code == httpx.codes.OK:
                break
        time.sleep(0.1)
    else:
        raise ServerError(
            f"the Prefect server at {server.url} did not answer in {START_TIMEOUT_S:g} s"
        )
    # Another user's program may have taken the port meanwhile: it must not get the secret, nor
    # tell our runner what to run.
    if not _listens(server.process, port):
        raise ServerError(f"port {port} was taken by another program meanwhile; try again")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Tell whether a process below this one listens on the port."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for child in psutil.Process(process.pid).children(recursive=True)
            for connection in child.net_connections("tcp4")
        )
    return False


def _end_retries_with(process: subprocess.Popen[bytes], settings: Settings) -> None:
    """Once the server has ended, have Prefect's clients fail at once.

    They would try again for minutes at each call: right where a server comes back, but ours does
    not. All of them share ``settings``.
    """
    process.wait()
    settings.client.max_retries = 0
