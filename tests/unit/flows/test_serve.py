"""`make serve` without its server, and the file that keeps the server's secret."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import typer
from prefect.settings import PREFECT_HOME, temporary_settings

from flows import serve
from flows.server import Server

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A process in the place of a server, one in the place of deployments, which says its id."""
    told = tmp_path / "pid"
    source = f"import os, pathlib, time; pathlib.Path({str(told)!r}).write_text(str(os.getpid())); "
    monkeypatch.setattr(serve, "DEPLOYMENTS", source + "time.sleep(600)")
    monkeypatch.setattr(serve, "close_open_runs", lambda: None)
    with (
        subprocess.Popen(SLEEP) as process,
        temporary_settings({PREFECT_HOME: tmp_path / "home"}),
    ):
        running = Server("http://127.0.0.1:4200/api", "the-secret", process)
        monkeypatch.setattr(
            serve, "prefect_server", lambda *_, **__: contextlib.nullcontext(running)
        )
        yield running
        process.kill()


def test_when_the_server_ends_the_deployments_end_and_the_message_says_why(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def kill_when_deployments_run(_: float) -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            server.process.kill()

    monkeypatch.setattr(time, "sleep", kill_when_deployments_run)
    with pytest.raises(typer.Exit) as ended:
        serve.main(4200)
    assert ended.value.exit_code == 1
    assert "the Prefect server ended with code -9" in capfd.readouterr().err
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert list((tmp_path / "home").iterdir()) == []


def test_the_secret_is_in_a_file_of_its_user_alone_and_nowhere_told(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "home" / "4200.auth"
    file.parent.mkdir()
    file.write_text("of an earlier server")
    file.chmod(0o644)
    seen = []

    def look(_: float) -> None:
        seen.append((file.read_text(), file.stat().st_mode & 0o777))
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", look)
    serve.main(4200)
    assert seen == [("the-secret", 0o600)]
    assert not file.exists()
    output = "".join(capfd.readouterr())
    assert f'export PREFECT_API_AUTH_STRING="$(cat {file})"' in output
    assert "the-secret" not in output + repr(server)
