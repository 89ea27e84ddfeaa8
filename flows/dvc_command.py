"""DVC as a command: its calls, the stages it finds changed, and the locks that dead calls leave.

A killed DVC leaves entries in ``.dvc/tmp/rwlock``, a JSON file of process ids by path. DVC drops an
entry whose id no longer exists, but takes a new process with the same id for the old one, and
refuses a file cut short by a kill. Ids are reused soon where they are few, as in a container. (The
repository's lock itself is the kernel's and ends with its process.)
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

LAST_LINES = 15


class DvcError(RuntimeError):
    """A DVC command failed; the message holds its output."""


def repository_root() -> Path:
    """Find the folder that holds ``.dvc``, from the working folder upwards.

    Raises:
        DvcError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise DvcError(f"{here} is in no DVC repository; change to the project's folder")


def dvc(*arguments: str) -> list[str]:
    """Make the command line ``dvc ARGUMENTS``, run by this Python.

    It waits for the repository's lock, which other stages hold for short moments.
    """
    return [sys.executable, "-m", "dvc", "--wait-for-lock", *arguments]


def environment() -> dict[str, str]:
    """Make the environment of DVC and the stages: the `python` they call is this one.

    They have no use for the secret of the Prefect server, and could log it.
    """
    variables = {k: v for k, v in os.environ.items() if k != "PREFECT_API_AUTH_STRING"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**variables, "PATH": path, "PYTHONUNBUFFERED": "1"}


def check_parameters(root: Path) -> None:
    """Validate the whole params.yaml; a step validates its own section only.

    Raises:
        DvcError: parameters are wrong; the message lists them all.
    """
    if not (root / "src" / "twinband").is_dir():
        return  # another project's graph: its parameters are its own affair
    command = [sys.executable, "-m", "twinband.params", "params.yaml"]
    variables = {**environment(), "PYTHONPATH": str(root / "src")}
    result = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True)
    if result.returncode:
        raise DvcError(f"nothing was run: {result.stderr.strip()}")


def dvc_output(root: Path, *arguments: str) -> str:
    """Run a DVC command in ``root``; returns its standard output.

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
    """Call ``on_line`` with each line of a process until it ends; returns the last lines."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    assert process.stdout
    for line in process.stdout:
        # A progress bar redraws its line: only the last drawing counts.
        if text := line.decode(errors="replace").rstrip().rsplit("\r", 1)[-1]:
            on_line(text)
            last.append(f"  {text}")
    return "\n".join(last)


def changed_stages(root: Path, targets: Iterable[str] = ()) -> set[str]:
    """Ask DVC which stages, of the targets or of all, changed other than by upstream stages."""
    return set(json.loads(dvc_output(root, "status", "--json", *targets)))


def release_dead_locks(root: Path) -> None:
    """Drop every entry whose process is gone or is not DVC's.

    The repository has one file of entries, its experiments another.
    """
    for folder in (root / ".dvc" / "tmp", root / ".dvc" / "tmp" / "exps"):
        rwlock = folder / "rwlock"
        if not rwlock.exists():
            continue
        try:
            guard = zc.lockfile.LockFile(str(folder / "rwlock.lock"))
        except zc.lockfile.LockError:
            continue  # a living DVC process holds it, and cleans up after itself
        try:
            rwlock.write_text(json.dumps(_living_entries(rwlock.read_text(encoding="utf-8"))))
        finally:
            guard.close()


def _living_entries(text: str) -> dict[str, Any]:
    try:
        locks = json.loads(text)
    except json.JSONDecodeError:
        return {}  # cut short by a kill, so its writer is dead
    write = {path: entry for path, entry in locks.get("write", {}).items() if _is_living(entry)}
    read = {
        path: living
        for path, entries in locks.get("read", {}).items()
        if (living := [entry for entry in entries if _is_living(entry)])
    }
    return {"write": write, "read": read}


def _is_living(entry: dict[str, Any]) -> bool:
    """Tell whether the entry's process exists, has not ended, and is a DVC command."""
    try:
        process = psutil.Process(entry["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "dvc" in word for word in process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False
