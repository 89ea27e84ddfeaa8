"""`make serve` for real: schedules, a run started and cancelled from outside, the end."""

import signal

import pytest
import yaml

from tests.made.project import TIMEOUT_S
from tests.made.served import Served
from tests.pipeline.conftest import PROJECT, Repository, Tracked, wait_until
from tests.pipeline.test_flows_kill import hanging_repository

pytestmark = pytest.mark.slow


def test_serve(repository: Repository, tracked: Tracked) -> None:
    root = hanging_repository(repository)
    served = Served(root, tracked)
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

    served.start_by_command()
    started = [served.root / "a.started", served.root / "b.started"]
    wait_until(lambda: all(path.exists() for path in started), "both stages hang")
    assert not served.where_the_secret_shows()
    stages = [process for process, line in tracked.processes().items() if "hang.py" in line]
    assert all(served.secret not in process.environ().values() for process in stages)
    (run,) = served.runs(scheduled=False)
    answer = served.post(f"/flow_runs/{run['id']}/set_state", state={"type": "CANCELLING"})
    assert answer["status"] == "ACCEPT"
    wait_until(lambda: not _stage_processes(tracked), "cancelling ends the stages")
    wait_until(lambda: served.runs(scheduled=False)[0]["state"]["name"] == "Cancelled", "Cancelled")
    assert served.secret_file.stat().st_mode & 0o777 == 0o600
    assert not served.where_the_secret_shows()

    # Ctrl-C while a run is under way: nothing is left, and the run does not count as running.
    for path in started:
        path.unlink()
    served.start_by_command()
    wait_until(lambda: all(path.exists() for path in started), "both stages hang again")
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(TIMEOUT_S) == 0
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
