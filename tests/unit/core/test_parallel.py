"""Tasks over processes and over Dask: same results, errors that arrive, no orphans."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.made.raw_pairs import (
    RUNTIME,
    contents,
    encoded,
    ingest_folder,
    scene,
    write,
    write_pairs,
)
from twinband.core.errors import BadSample, InputError
from twinband.core.parallel import map_tasks, map_unfinished
from twinband.core.params import Runtime

ROOT = Path(__file__).resolve().parents[3]
NO_CACHES = shutil.ignore_patterns("__pycache__")
TWO = RUNTIME.model_copy(update={"workers": 2})


def square(number: int) -> int:
    return number * number


def worker_id(number: int) -> int:
    return os.getpid()


def fail_at_two(number: int) -> int:
    if number == 2:
        raise BadSample("truncated", "file two")
    return number


@pytest.mark.parametrize("runtime", [RUNTIME, TWO])
def test_every_task_is_done_once(runtime: Runtime) -> None:
    assert sorted(map_tasks(square, range(7), runtime)) == [n * n for n in range(7)]
    assert list(map_tasks(square, [], runtime)) == []


def test_one_worker_needs_no_other_process() -> None:
    assert set(map_tasks(worker_id, range(3), RUNTIME)) == {os.getpid()}
    assert os.getpid() not in set(map_tasks(worker_id, range(2), TWO))


@pytest.mark.parametrize("runtime", [RUNTIME, TWO])
def test_an_exception_arrives_as_it_was(runtime: Runtime) -> None:
    with pytest.raises(BadSample) as caught:
        list(map_tasks(fail_at_two, range(4), runtime))
    assert (caught.value.reason, caught.value.detail) == ("truncated", "file two")


@dataclass(frozen=True)
class Note:
    """A task that writes its own name into its file."""

    path: Path


def write_note(note: Note) -> None:
    note.path.parent.mkdir(exist_ok=True)
    note.path.write_text(note.path.name)


def is_whole(path: Path) -> bool:
    return path.is_file() and path.read_text() == path.name


def remember(told: list[tuple[int, int]]) -> Callable[[int, int], None]:
    return lambda done, total: told.append((done, total))


def test_only_what_is_not_finished_is_done(tmp_path: Path) -> None:
    notes = [Note(tmp_path / folder / name) for folder in ("x", "y") for name in ("a", "b")]
    told: list[tuple[int, int]] = []
    progress = remember(told)
    assert map_unfinished(write_note, notes, RUNTIME, finished=is_whole, progress=progress) == 0
    assert told == [(n, 4) for n in range(5)] and all(is_whole(note.path) for note in notes)
    stamps = {note.path: note.path.stat().st_mtime_ns for note in notes}
    (tmp_path / "x" / "b").write_text("tor")
    (tmp_path / "y" / "a").unlink()
    left = [tmp_path / "x" / "a.12.tmp", tmp_path / "y" / ".b.12.tmp"]
    for path in left:
        path.write_text("half of it")
    told.clear()
    assert map_unfinished(write_note, notes, RUNTIME, finished=is_whole, progress=progress) == 2
    assert told == [(2, 4), (3, 4), (4, 4)] and all(is_whole(note.path) for note in notes)
    changed = [path for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp]
    assert changed == [tmp_path / "x" / "b", tmp_path / "y" / "a"]
    assert not any(path.exists() for path in left)


def test_nothing_to_do_is_told_too() -> None:
    told: list[tuple[int, int]] = []
    nothing: list[Note] = []
    found = map_unfinished(write_note, nothing, RUNTIME, finished=is_whole, progress=remember(told))
    assert found == 0 and told == [(0, 0)]


def end_this_process(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_ended_ends_the_iteration() -> None:
    with pytest.raises(BrokenProcessPool):
        list(map_tasks(end_this_process, range(2), TWO))


ENDLESS = """
import os, sys, threading
from pathlib import Path
from twinband.core.parallel import map_tasks
from twinband.core.params import Runtime

def wait_for_ever(name):
    path = Path(name)
    path.with_suffix(".part").write_text(str(os.getpid()))
    path.with_suffix(".part").rename(path)
    threading.Event().wait()

if __name__ == "__main__":
    runtime = Runtime(executor="processes", workers=2, scheduler="", log_level="info")
    list(map_tasks(wait_for_ever, sys.argv[1:], runtime))
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(deadline_s: float, done: object, what: str) -> None:
    end = time.monotonic() + deadline_s
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="workers follow their parent on Linux only")
def test_workers_die_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = write(tmp_path / "endless.py", ENDLESS.encode())
    files = [tmp_path / "one", tmp_path / "two"]
    parent = subprocess.Popen(
        [sys.executable, str(script), *map(str, files)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    try:
        wait_until(60, lambda: all(f.is_file() for f in files), "the workers never began")
        pids = [int(file.read_text()) for file in files]
        assert parent.pid not in pids and all(map(is_running, pids))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(20, lambda: not any(map(is_running, pids)), "workers outlived their parent")


@pytest.mark.parametrize("changed", ["cli.py", "core/errors.py", "readers/mfnet.py"])
def test_workers_of_other_code_are_told_apart_by_any_file(tmp_path: Path, changed: str) -> None:
    shutil.copytree(ROOT / "src/twinband", tmp_path / "twinband", ignore=NO_CACHES)
    command = [
        sys.executable,
        "-c",
        "from twinband.core import parallel as p; print(p.code_digest())",
    ]

    def digest() -> bytes:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.check_output(command, env=environment, cwd=tmp_path)

    before = digest()
    with (tmp_path / "twinband" / changed).open("a") as file:
        file.write("# other code\n")
    assert digest() != before


def test_dask_gives_what_processes_give(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 60)
    write(root / "crop_LR_visible" / "alone.jpg", encoded(scene(50)[0]))
    ingest_folder(root, tmp_path / "processes")
    with tarfile.open(tmp_path / "raw.tar", "w") as tar:  # one reading position, many threads
        tar.add(root, arcname=".")
    with LocalCluster(
        n_workers=1,
        threads_per_worker=3,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        runtime = Runtime(
            executor="dask", workers=1, scheduler=cluster.scheduler_address, log_level="info"
        )
        ingest_folder(tmp_path / "raw.tar", tmp_path / "dask", runtime=runtime)
        with pytest.raises(BadSample, match="file two"):
            list(map_tasks(fail_at_two, range(4), runtime))
    assert contents(tmp_path / "processes" / "pairs") == contents(tmp_path / "dask" / "pairs")


def test_a_scheduler_that_is_not_there_is_an_input_error() -> None:
    import dask

    runtime = Runtime(executor="dask", workers=1, scheduler="tcp://127.0.0.1:9", log_level="info")
    timeouts = {"distributed.comm.timeouts.connect": "200ms"}
    with dask.config.set(timeouts), pytest.raises(InputError, match=r"127\.0\.0\.1:9"):
        list(map_tasks(square, [1], runtime))
