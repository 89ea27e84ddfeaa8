"""However a rebuild ends, nothing of it runs on and the next one works without a hand."""

import signal
from pathlib import Path

import psutil
import pytest
import yaml

from flows.rebuild import rebuild
from tests.made.project import TIMEOUT_S
from tests.made.served import kill_server
from tests.pipeline.conftest import Repository, Tracked, wait_until

pytestmark = pytest.mark.slow

# Each stage starts a worker of its own session, and then hangs until the file `hold` is gone.
HANG = """
import pathlib, subprocess, sys, time
name = sys.argv[1]
hold = pathlib.Path("hold")
if hold.exists():
    worker = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(worker, start_new_session=True)
    pathlib.Path(name + ".started").touch()
while hold.exists():
    time.sleep(0.05)
pathlib.Path(name).write_text("done")
"""
STAGES = {n: {"cmd": f"python hang.py {n}", "deps": ["hang.py"], "outs": [n]} for n in ("a", "b")}


def hanging_repository(repository: Repository) -> Path:
    root = repository(yaml.safe_dump({"stages": STAGES}), hang__py=HANG)
    (root / "hold").touch()
    return root


def hanging_rebuild(root: Path, tracked: Tracked) -> psutil.Popen:
    """Start a rebuild; returns it once both stages hang."""
    # No PREFECT_API_URL: the command starts a server of its own, which must go as well.
    flow = tracked.start("flows.rebuild", cwd=root, PREFECT_HOME=str(root.parent / "prefect"))
    wait_until(
        lambda: (root / "a.started").exists() and (root / "b.started").exists(),
        "both stages hang",
    )
    return flow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_rebuild_leaves_nothing_and_goes_on(
    number: signal.Signals,
    repository: Repository,
    tracked: Tracked,
    prefect_server_url: str,
) -> None:
    root = hanging_repository(repository)
    flow = hanging_rebuild(root, tracked)
    assert sum("flows.server_app" in line for line in tracked.living()) >= 1
    assert sum("time.sleep(600)" in line for line in tracked.living()) == 2

    flow.send_signal(number)

    wait_until(lambda: not tracked.living(), "every process ends")
    assert flow.wait() != 0
    (root / "hold").unlink()
    assert {result.state for result in rebuild()} == {"Ran"}
    assert (root / "a").read_text() == (root / "b").read_text() == "done"


def test_a_rebuild_whose_server_is_killed_ends_after_its_stages(
    repository: Repository, tracked: Tracked
) -> None:
    root = hanging_repository(repository)
    flow = hanging_rebuild(root, tracked)
    kill_server(tracked)
    (root / "hold").unlink()
    wait_until(lambda: (root / "a").exists() and (root / "b").exists(), "both stages end")
    # Seconds, while Prefect's clients would look for the server for five minutes.
    assert flow.wait(TIMEOUT_S) == 1
    last = (root.parent / "output.txt").read_text().splitlines()[-1]
    assert "the Prefect server ended with code 137" in last and "the next run continues" in last
    assert (root / "a").read_text() == (root / "b").read_text() == "done"
    wait_until(lambda: not tracked.living(), "every process ends")
    assert yaml.safe_load((root / "dvc.lock").read_text())["stages"].keys() == {"a", "b"}
