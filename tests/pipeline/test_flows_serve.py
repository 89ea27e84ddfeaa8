"""`make serve` for real: schedules, a run started and cancelled from outside, the UI, the end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.made.chromium import CHROMIUM, FLAGS
from tests.pipeline.conftest import PROJECT, Repository, Tracked, commit, wait_until
from tests.pipeline.test_flows_kill import hanging_repository

pytestmark = pytest.mark.slow


class Served:
    """A toy repository with the flows in it, served."""

    def __init__(self, root: Path, tracked: Tracked) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.root, self.tracked = root, tracked
        self.home = str(root.parent / "prefect-home")
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = tracked.start(
            "flows.serve",
            "--port",
            str(self.port),
            cwd=root,
            PREFECT_HOME=self.home,
            PYTHONPATH=os.environ.get("PYTHONPATH", ""),
        )
        wait_until(lambda: len(self.deployments()) == 2, "both deployments are served", 120)

    def post(self, path: str, **body: Any) -> Any:
        try:
            return httpx.post(f"{self.address}/api{path}", json=body).raise_for_status().json()
        except httpx.TransportError:
            return []  # not up yet

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {d["name"]: d for d in self.post("/deployments/filter")}

    def runs(self, *, scheduled: bool) -> list[dict[str, Any]]:
        runs = self.post("/flow_runs/filter")
        return [run for run in runs if run["auto_scheduled"] is scheduled]


@pytest.fixture
def serve(repository: Repository, tracked: Tracked) -> Callable[[], Served]:
    def start() -> Served:
        root = hanging_repository(repository)
        shutil.copytree(PROJECT / "flows", root / "flows")
        shutil.copy(PROJECT / "prefect.yaml", root)
        commit(root)
        return Served(root, tracked)

    return start


def test_serve(serve: Callable[[], Served], tracked: Tracked) -> None:
    served = serve()
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    found = served.deployments()
    for entry in declared:
        schedules = [s["schedule"] for s in found[entry["name"]]["schedules"]]
        assert [(s["cron"], s["timezone"]) for s in schedules] == [
            (s["cron"], s["timezone"]) for s in entry["schedules"]
        ]
        assert found[entry["name"]]["parameters"] == entry["parameters"]
        assert not found[entry["name"]]["paused"]
    # The scheduler really plans runs; it fails silently with some versions of SQLAlchemy.
    wait_until(
        lambda: len({run["deployment_id"] for run in served.runs(scheduled=True)}) == 2,
        "the scheduler plans runs of both deployments",
    )

    _start_by_command(served)
    started = [served.root / "a.started", served.root / "b.started"]
    wait_until(lambda: all(path.exists() for path in started), "both stages hang", 90)
    (run,) = served.runs(scheduled=False)
    answer = served.post(f"/flow_runs/{run['id']}/set_state", state={"type": "CANCELLING"})
    assert answer["status"] == "ACCEPT"
    wait_until(lambda: not _stage_processes(tracked), "cancelling ends the stages")
    wait_until(lambda: served.runs(scheduled=False)[0]["state"]["name"] == "Cancelled", "Cancelled")

    # Ctrl-C while a run is under way: nothing is left, and the run does not count as running.
    for path in started:
        path.unlink()
    _start_by_command(served)
    wait_until(lambda: all(path.exists() for path in started), "both stages hang again", 90)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0
    wait_until(lambda: not tracked.living(), "every process ends")
    again = Served(served.root, tracked)
    states = sorted(run["state"]["type"] for run in again.runs(scheduled=False))
    assert states == ["CANCELLED", "CRASHED"]
    wait_until(
        lambda: not any(d["paused"] for d in again.deployments().values()), "schedules are on"
    )
    again.process.kill()
    wait_until(lambda: not tracked.living(), "every process ends after SIGKILL")


def _stage_processes(tracked: Tracked) -> list[str]:
    return [line for line in tracked.living() if "hang.py" in line or "time.sleep(600)" in line]


def _start_by_command(served: Served) -> None:
    command = [sys.executable, "-m", "prefect", "deployment", "run", "rebuild/nightly"]
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        env={"PREFECT_API_URL": f"{served.address}/api", "PREFECT_HOME": served.home},
    )


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")
def test_the_deployments_page_shows_the_schedules(
    serve: Callable[[], Served], tmp_path: Path
) -> None:
    assert CHROMIUM
    served = serve()
    page = [f"--user-data-dir={tmp_path / 'browser'}", "--window-size=1400,900"]
    budget = ["--virtual-time-budget=20000", f"{served.address}/deployments"]
    command = [CHROMIUM, "--headless", *FLAGS, *page]
    dom = subprocess.check_output(
        [*command, "--dump-dom", *budget], text=True, stderr=subprocess.DEVNULL, timeout=120
    )
    assert "nightly" in dom and "weekly" in dom
    assert "At 02:00 AM" in dom
