"""`make serve` in a toy repository, and its owner's requests."""

import base64
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.pipeline.conftest import PROJECT, Tracked, commit, wait_until


def authorization(secret: str) -> str:
    """The header by which Prefect's clients and pages log in."""
    return f"Basic {base64.b64encode(secret.encode()).decode()}"


class Served:
    """A toy repository with the flows in it, served."""

    def __init__(self, root: Path, tracked: Tracked) -> None:
        if not (root / "flows").exists():
            shutil.copytree(PROJECT / "flows", root / "flows")
            shutil.copy(PROJECT / "prefect.yaml", root)
            commit(root)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.root, self.tracked = root, tracked
        self.home = root.parent / "prefect-home"
        self.secret_file = self.home / f"{self.port}.auth"
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = tracked.start(
            "flows.serve",
            "--port",
            str(self.port),
            cwd=root,
            PREFECT_HOME=str(self.home),
            PYTHONPATH=os.environ.get("PYTHONPATH", ""),
        )
        wait_until(lambda: len(self.deployments()) == 2, "both deployments are served")
        self.secret = self.secret_file.read_text()

    def post(self, path: str, **body: Any) -> Any:
        """Ask as the owner; an empty list while the server is not up yet."""
        if not self.secret_file.exists():
            return []
        login = {"Authorization": authorization(self.secret_file.read_text())}
        answer = httpx.post(f"{self.address}/api{path}", json=body, headers=login)
        return answer.raise_for_status().json()

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {d["name"]: d for d in self.post("/deployments/filter")}

    def runs(self, *, scheduled: bool) -> list[dict[str, Any]]:
        runs = self.post("/flow_runs/filter")
        return [run for run in runs if run["auto_scheduled"] is scheduled]

    def start_by_command(self) -> None:
        """Start the rebuild as the welcome text says."""
        command = [sys.executable, "-m", "prefect", "deployment", "run", "rebuild/nightly"]
        environment = {
            "PREFECT_API_URL": f"{self.address}/api",
            "PREFECT_API_AUTH_STRING": self.secret,
            "PREFECT_HOME": str(self.home),
        }
        subprocess.run(command, check=True, capture_output=True, env=environment)

    def where_the_secret_shows(self) -> list[str]:
        """Command lines, what was printed, and files of Prefect (its database) that hold it."""
        words = self.secret.encode(), authorization(self.secret).removeprefix("Basic ").encode()
        texts = {line: line.encode() for line in self.tracked.living()}
        files = {path for path in self.home.rglob("*") if path.is_file()} - {self.secret_file}
        for path in (*files, self.root.parent / "output.txt"):
            texts[str(path)] = path.read_bytes()
        return [name for name, text in texts.items() if any(word in text for word in words)]


def kill_server(tracked: Tracked) -> None:
    """SIGKILL the Prefect server below the started programs, and nothing else."""
    (server,) = (
        process
        for process, line in tracked.processes().items()
        if "flows.server_app" in line and "supervise.py" not in line
    )
    server.kill()
