"""Places that the secret of a server goes to, and those that it does not."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import server
from flows.server import ServerError, prefect_server

PROJECT = Path(__file__).parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


class _Impostor(http.server.BaseHTTPRequestHandler):
    """Says that all is well, and notes what it is told."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(str(self.headers))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def impostor() -> Iterator[int]:
    """The port of another user's program."""
    _Impostor.heard = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Impostor) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield other.server_port
        other.shutdown()


def test_a_taken_port_is_refused(impostor: int) -> None:
    with pytest.raises(ServerError, match=f"port {impostor} is taken"), prefect_server(impostor):
        pass


def test_a_program_that_takes_the_port_in_time_is_not_told_the_secret(
    impostor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_free_port", lambda _: impostor)
    monkeypatch.setattr(server, "_command", lambda _: SLEEP)
    with pytest.raises(ServerError, match="taken by another program"), prefect_server():
        pass
    (heard,) = _Impostor.heard
    assert "authorization" not in heard.lower()


def test_the_folder_of_logs_and_secrets_is_its_users_alone(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "flows", tmp_path / "flows")
    folder = tmp_path / ".work" / "prefect"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k not in ("PREFECT_HOME", "PYTHONPATH")}
    subprocess.run(
        [sys.executable, "-c", "import flows"], cwd=tmp_path, env=environment, check=True
    )
    assert folder.stat().st_mode & 0o777 == 0o700
