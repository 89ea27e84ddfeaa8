"""Leftovers of ended runs are mended, and wrong parameters are told, before anything starts."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
import zc.lockfile

from twinband.core import dvc_lock
from twinband.ready import main, mend

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    folder = tmp_path / ".dvc" / "tmp"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def processes() -> Iterator[Callable[..., int]]:
    """Starts a sleeping process with further arguments; returns its id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> int:
        # Elsewhere than here: the path of this tree may have "dvc" in it.
        started.append(subprocess.Popen([*SLEEP, *arguments], cwd="/"))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_records_of_dead_processes_are_dropped_and_living_ones_kept(
    tmp_path: Path, locks: Path, processes: Callable[..., int]
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    # The second is alive but no DVC command, as after a process id was used again.
    pids = {"dead": ended.pid, "reused": processes(), "living": processes("dvc")}
    entries = {name: {"pid": pid, "cmd": "dvc repro"} for name, pid in pids.items()}
    record = {"write": entries, "read": {name: [entry] for name, entry in entries.items()}}
    (locks / "rwlock").write_text(json.dumps(record))
    assert [line for line in mend(tmp_path) if "dropped what ended" in line]
    living = entries["living"]
    kept = {"write": {"living": living}, "read": {"living": [living]}}
    assert json.loads((locks / "rwlock").read_text()) == kept
    assert list(mend(tmp_path)) == []


@pytest.mark.parametrize("text", ['{"write": {"/a": {"pi', "", "[]", '{"write": 1, "read": []}'])
def test_a_record_cut_short_is_emptied(tmp_path: Path, locks: Path, text: str) -> None:
    (locks / "rwlock").write_text(text)
    assert len(list(mend(tmp_path))) == 1
    assert json.loads((locks / "rwlock").read_text()) == {}


def locked(root: Path, stages: int) -> str:
    """Write a dvc.lock of so many stages."""
    entries = {f"stage{n}": {"cmd": "run", "outs": [{"path": "x"}]} for n in range(stages)}
    text = yaml.safe_dump({"schema": "2.0", "stages": entries}, sort_keys=False)
    (root / "dvc.lock").write_text(text)
    return text


def test_a_cut_dvc_lock_is_restored(tmp_path: Path, locks: Path) -> None:
    whole = locked(tmp_path, stages=5)
    assert list(mend(tmp_path)) == []
    unfinished = tmp_path / ".work/.dvc.lock.1.tmp"
    unfinished.write_text("of a killed step")
    (tmp_path / "dvc.lock").write_text(whole[: len(whole) // 2])
    [line] = mend(tmp_path)
    assert line.startswith("dvc.lock was cut short while DVC wrote it (it is kept as .work/dvc.lo")
    assert (tmp_path / "dvc.lock").read_text() == whole
    assert (tmp_path / dvc_lock.DAMAGED).read_text() == whole[: len(whole) // 2]
    assert not unfinished.exists()


def test_what_a_living_dvc_writes_is_left_to_it(tmp_path: Path, locks: Path) -> None:
    whole = locked(tmp_path, stages=5)
    dvc_lock.keep(tmp_path)
    (tmp_path / "dvc.lock").write_text(whole[:30])
    guard = zc.lockfile.LockFile(str(locks / "lock"))
    try:
        assert list(mend(tmp_path)) == []
    finally:
        guard.close()
    assert (tmp_path / "dvc.lock").read_text() == whole[:30]


def test_wrong_parameters_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = tmp_path / "params.yaml"
    assert main(params) == 0  # of another project, if any
    (tmp_path / "src" / "twinband").mkdir(parents=True)
    assert main(params) == 2
    shutil.copy(ROOT / "profiles/sample.yaml", params)
    assert main(params) == 0
    assert capsys.readouterr().err.count("error: ") == 1
    params.write_text("ingest: {}\n")
    assert main(params) == 2
    assert "ingest.items: a mapping is needed" in capsys.readouterr().err


def test_what_dvc_would_wait_for_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src" / "twinband").mkdir(parents=True)
    shutil.copy(ROOT / "profiles/sample.yaml", tmp_path / "params.yaml")
    raw = tmp_path / "data/raw/sample-mfnet/images"
    raw.mkdir(parents=True)
    (raw / "a.png").write_bytes(b"x")
    assert main(tmp_path / "params.yaml") == 0
    os.mkfifo(raw / "b.png")
    (raw / "c.png").symlink_to("/dev/zero")
    (raw / "d.png").symlink_to("nowhere")
    assert main(tmp_path / "params.yaml") == 3
    lines = sorted(capsys.readouterr().err.splitlines())
    kinds = ("a pipe (FIFO)", "a device", "no readable file (No such file or directory)")
    assert [f"{raw}/{name}.png is {kind};" in line for name, kind, line in zip(
        "bcd", kinds, lines, strict=True)] == [True] * 3  # fmt: skip


def test_it_is_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "twinband.ready", str(tmp_path / "params.yaml")]
    (tmp_path / "src" / "twinband").mkdir(parents=True)
    result = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True)
    assert result.returncode == 2 and "Traceback" not in result.stderr
