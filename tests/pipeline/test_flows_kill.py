"""However a rebuild ends, nothing of it runs on and the next one works without a hand."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.dvc_command import release_dead_locks
from flows.rebuild import rebuild
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_rebuild_leaves_nothing_and_goes_on(
    number: signal.Signals,
    repository: Repository,
    tracked: Tracked,
    prefect_server_url: str,
    tmp_path: Path,
) -> None:
    root = hanging_repository(repository)
    # No PREFECT_API_URL: the command starts a server of its own, which must go as well.
    flow = tracked.start("flows.rebuild", cwd=root, PREFECT_HOME=str(tmp_path / "prefect"))
    wait_until(
        lambda: (root / "a.started").exists() and (root / "b.started").exists(),
        "both stages hang",
    )
    assert sum("flows.server_app" in line for line in tracked.living()) >= 1
    assert sum("time.sleep(600)" in line for line in tracked.living()) == 2

    flow.send_signal(number)

    wait_until(lambda: not tracked.living(), "every process ends")
    assert flow.wait() != 0
    (root / "hold").unlink()
    assert {result.state for result in rebuild()} == {"Ran"}
    assert (root / "a").read_text() == (root / "b").read_text() == "done"


def test_a_rebuild_whose_server_is_killed_ends_after_its_stages(
    repository: Repository, tracked: Tracked, tmp_path: Path
) -> None:
    root = hanging_repository(repository)
    flow = tracked.start("flows.rebuild", cwd=root, PREFECT_HOME=str(tmp_path / "prefect"))
    wait_until(
        lambda: (root / "a.started").exists() and (root / "b.started").exists(),
        "both stages hang",
    )
    kill_server(tracked)
    (root / "hold").unlink()
    wait_until(lambda: (root / "a").exists() and (root / "b").exists(), "both stages end")
    # Seconds, while Prefect's clients would look for the server for five minutes.
    assert flow.wait(120) == 1
    last = (root.parent / "output.txt").read_text().splitlines()[-1]
    assert "the Prefect server ended with code 137" in last and "the next run continues" in last
    assert (root / "a").read_text() == (root / "b").read_text() == "done"
    wait_until(lambda: not tracked.living(), "every process ends")
    assert yaml.safe_load((root / "dvc.lock").read_text())["stages"].keys() == {"a", "b"}


def test_records_of_dead_processes_are_dropped_and_living_ones_kept(tmp_path: Path) -> None:
    folder = tmp_path / ".dvc" / "tmp"
    folder.mkdir(parents=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    # The second is alive but no DVC command, as after a process id was used again.
    with subprocess.Popen([*sleep, "dvc"]) as living, subprocess.Popen(sleep, cwd="/") as other:
        try:
            entries = {
                name: {"pid": process.pid, "cmd": "dvc repro"}
                for name, process in (("dead", ended), ("reused", other), ("living", living))
            }
            record = {"write": entries, "read": {n: [e] for n, e in entries.items()}}
            (folder / "rwlock").write_text(json.dumps(record))
            release_dead_locks(tmp_path)
            kept = json.loads((folder / "rwlock").read_text())
        finally:
            living.kill()
            other.kill()
    assert kept == {
        "write": {"living": entries["living"]},
        "read": {"living": [entries["living"]]},
    }


def test_a_record_cut_short_by_a_kill_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / ".dvc" / "tmp"
    folder.mkdir(parents=True)
    (folder / "rwlock").write_text('{"write": {"/a": {"pi')
    release_dead_locks(tmp_path)
    assert json.loads((folder / "rwlock").read_text()) == {}
