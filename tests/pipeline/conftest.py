"""Toy DVC repositories, one Prefect server per session, and a look at what is still running."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.made.project import TIMEOUT_S

# A shell's background job ignores Ctrl-C, and so would all that is started from here.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).parents[2]
TOKEN = "TWINBAND_TEST_TOKEN"
Repository = Callable[..., Path]


@pytest.fixture(scope="session")
def prefect_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server of the session, on a free port, with a database of its own."""
    from flows.server import prefect_server

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        with prefect_server() as server:
            for name, value in server.environment.items():
                patch.setenv(name, value)
            yield server.url


@pytest.fixture(scope="session")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for command in (
        ["git", "init", "--quiet", "."],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "config", "user.name", "test"],
        [sys.executable, "-m", "dvc", "init", "--quiet"],
        [sys.executable, "-m", "dvc", "config", "core.analytics", "false"],
        [sys.executable, "-m", "dvc", "config", "core.check_update", "false"],
    ):
        subprocess.run(command, cwd=root, check=True)
    return root


@pytest.fixture
def repository(
    empty_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Repository:
    """Makes a committed DVC repository of the given files and works in it."""

    def make(dvc_yaml: str, **files: str) -> Path:
        root = tmp_path / "toy"
        shutil.copytree(empty_repository, root)
        (root / "dvc.yaml").write_text(dvc_yaml)
        for name, text in files.items():
            (root / name.replace("__", ".")).write_text(text)
        commit(root)
        monkeypatch.chdir(root)
        return root

    return make


def commit(root: Path) -> None:
    """Commit everything."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "x"], cwd=root, check=True)


def wait_until(condition: Callable[[], object], what: str, seconds: float = TIMEOUT_S) -> None:
    """Wait for a condition, up to a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain: {what}")
        time.sleep(0.05)


class Tracked:
    """Starts programs and finds every process that descends from them, by their environment."""

    def __init__(self) -> None:
        self.value = uuid.uuid4().hex
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *module_and_arguments: str, cwd: Path, **environment: str) -> psutil.Popen:
        keep = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
        process = psutil.Popen(
            [sys.executable, "-m", *module_and_arguments],
            cwd=cwd,
            env={**keep, "PYTHONPATH": str(PROJECT), **environment, TOKEN: self.value},
            stdout=(cwd.parent / "output.txt").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def living(self) -> list[str]:
        """Command lines of the processes that are not dead."""
        return list(self.processes().values())

    def end(self) -> None:
        for process in self.processes():
            process.kill()
        for started in self.started:
            started.wait()

    def processes(self) -> dict[psutil.Process, str]:
        """The processes that are not dead, with their command lines."""
        found = {}
        for process in psutil.process_iter():
            try:
                ours = process.environ().get(TOKEN) == self.value
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found[process] = " ".join(process.cmdline())
            except (psutil.NoSuchProcess, psutil.AccessDenied):  # a zombie is "no such process"
                continue
        return found


@pytest.fixture
def tracked() -> Iterator[Tracked]:
    processes = Tracked()
    yield processes
    processes.end()
