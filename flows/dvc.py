"""DVC as a command: how it is called and what it says has changed.

DVC's record of which process reads and writes which path, rid of the dead.

The repository's lock itself is the kernel's and ends with its process. The record
(``.dvc/tmp/rwlock``) is a JSON file that names process ids. DVC drops an entry whose id no longer
exists, but takes a new process with the same id for the old one, and refuses a file cut short by
a kill; both would need a hand. Ids are reused soon where they are few, as in a container.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import zc.lockfile

from flows.supervise import supervised

LINES_SHOWN = 15


class DvcError(RuntimeError):
    """A DVC command failed; the message holds what it said."""


def repository_root() -> Path:
    """The folder that holds ``.dvc``, from the working folder upwards.

    Raises:
        DvcError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise DvcError(f"{here} is in no DVC repository; change to the project's folder")


def dvc(*arguments: str) -> list[str]:
    """The command line ``dvc ARGUMENTS`` of this very Python environment.

    It waits for the repository's lock, which other stages hold for short moments.
    """
    return [sys.executable, "-m", "dvc", "--wait-for-lock", *arguments]


def environment() -> dict[str, str]:
    """Environment of DVC and of the stages: the `python` they call is the one that runs us."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}


def check_parameters(root: Path) -> None:
    """Have the whole params.yaml validated, since each step looks at its own section only.

    Raises:
        DvcError: all wrong parameters, a line each.
    """
    if not (root / "src" / "twinband").is_dir():
        return  # another project's graph: its parameters are its own affair
    command = [sys.executable, "-m", "twinband.params", "params.yaml"]
    found = {**environment(), "PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, cwd=root, env=found, capture_output=True, text=True)
    if done.returncode:
        raise DvcError(f"nothing was run: {done.stderr.strip()}")


def dvc_output(root: Path, *arguments: str) -> str:
    """Standard output of a DVC command run in ``root``.

    Raises:
        DvcError: it failed.
    """
    with (
        tempfile.TemporaryFile() as errors,
        supervised(
            dvc(*arguments), cwd=root, env=environment(), stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout
        output = process.stdout.read()
        if process.wait():
            errors.seek(0)
            raise DvcError(
                f"dvc {' '.join(arguments)} failed in {root}:\n{errors.read().decode().strip()}"
            )
    return output.decode()


def stream(process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> str:
    """Hand on the output of a process, line by line, until it ends; returns the last lines."""
    last: deque[str] = deque(maxlen=LINES_SHOWN)
    assert process.stdout
    for line in process.stdout:
        # A progress bar redraws its line: what counts is how the line ended.
        if shown := line.decode(errors="replace").rstrip().rsplit("\r", 1)[-1]:
            on_line(shown)
            last.append(f"  {shown}")
    return "\n".join(last)


def changed_stages(root: Path, targets: Iterable[str] = ()) -> set[str]:
    """Names of the stages, of all or of the targets, for which DVC sees a change of their own."""
    return set(json.loads(dvc_output(root, "status", "--json", *targets)))


def release_dead_locks(root: Path) -> None:
    """Drop from DVC's records every entry whose process is gone or is not DVC's.

    There is one record for the repository and one for its experiments.
    """
    for folder in (root / ".dvc" / "tmp", root / ".dvc" / "tmp" / "exps"):
        record = folder / "rwlock"
        if not record.exists():
            continue
        try:
            guard = zc.lockfile.LockFile(str(folder / "rwlock.lock"))
        except zc.lockfile.LockError:
            continue  # a living DVC process is at it, and cleans up after itself
        try:
            record.write_text(json.dumps(_living_entries(record.read_text(encoding="utf-8"))))
        finally:
            guard.close()


def _living_entries(text: str) -> dict[str, Any]:
    try:
        locks = json.loads(text)
    except json.JSONDecodeError:
        return {}  # cut short by a kill: whoever wrote it is dead
    write = {path: entry for path, entry in locks.get("write", {}).items() if _is_living(entry)}
    read = {
        path: living
        for path, entries in locks.get("read", {}).items()
        if (living := [entry for entry in entries if _is_living(entry)])
    }
    return {"write": write, "read": read}


def _is_living(entry: dict[str, Any]) -> bool:
    """Whether the entry's process exists, has not ended, and is a DVC command."""
    try:
        process = psutil.Process(entry["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "dvc" in word for word in process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False
