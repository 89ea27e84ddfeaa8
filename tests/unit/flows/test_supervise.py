"""A supervised process and all it starts ends with the one that started it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flows.supervise import STOPPED, stop, supervised
from tests.made.project import TIMEOUT_S

PROJECT = Path(__file__).parents[3]
# A command whose worker ignores SIGTERM and lives in a session of its own.
WORKER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
WORKER += "open({path!r}, 'w').write('ready'); time.sleep(600)"
COMMAND = (
    "import subprocess, sys, pathlib\n"
    "worker = subprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)\n"
    "pathlib.Path(sys.argv[2]).write_text(str(worker.pid))\n"
    "worker.wait()\n"
)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)


def worker_command(folder: Path) -> list[str]:
    worker = WORKER.format(path=str(folder / "ready"))
    return [sys.executable, "-c", COMMAND, worker, str(folder / "pid")]


def test_output_and_exit_code_pass_through() -> None:
    command = [sys.executable, "-c", "print('out'); raise SystemExit(7)"]
    with supervised(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.read() == b"out\n"
        assert process.wait() == 7


def test_a_signal_becomes_the_shells_exit_code() -> None:
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    with supervised(command) as process:
        assert process.wait() == 128 + 9


def test_leaving_ends_even_what_ignores_sigterm_in_another_session(tmp_path: Path) -> None:
    with supervised(worker_command(tmp_path), grace_s=0.5) as process:
        wait_for(tmp_path / "ready")
    assert process.returncode == STOPPED
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_sigkill_of_the_starting_process_ends_everything(tmp_path: Path) -> None:
    source = (
        "import sys, time\n"
        "from flows.supervise import supervised\n"
        "with supervised(sys.argv[1:], grace_s=0.5):\n"
        "    time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", source, *worker_command(tmp_path)]
    with subprocess.Popen(command, env=environment) as parent:
        wait_for(tmp_path / "ready")
        descendants = psutil.Process(parent.pid).children(recursive=True)
        assert len(descendants) == 3
        parent.kill()
    _, alive = psutil.wait_procs(descendants, timeout=TIMEOUT_S)
    assert not alive


@pytest.mark.parametrize(
    ("order", "left"), [("command-first", "asked"), ("command-last", "finished by itself")]
)
def test_stop_order_decides_who_is_asked(order: str, left: str, tmp_path: Path) -> None:
    source = (
        "import pathlib, signal, subprocess, sys\n"
        "told = pathlib.Path(sys.argv[1])\n"
        "def asked(*_):\n"
        "    told.write_text('asked')\n"
        "    sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, asked)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path(sys.argv[2]).write_text('ready')\n"
        "child.wait()\n"
        "told.write_text('finished by itself')\n"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "told"), str(tmp_path / "ready")]
    with supervised(command, stop_order=order) as process:  # type: ignore[arg-type]
        wait_for(tmp_path / "ready")
        stop(process)
        assert process.wait() == STOPPED
    assert (tmp_path / "told").read_text() == left
