"""DVC as a command: its calls, and the stages that it finds changed."""

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

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


def make_ready(root: Path, on_line: Callable[[str], None]) -> None:
    """Mend what killed runs left in the project, and validate the whole params.yaml.

    Args:
        on_line: called with a line for each thing that was mended.

    Raises:
        DvcError: parameters are wrong; the message lists them all.
    """
    own = root / "src"
    path = {"PYTHONPATH": str(own)} if (own / "twinband").is_dir() else {}
    result = subprocess.run(
        [sys.executable, "-m", "twinband.ready", "params.yaml"],
        cwd=root,
        env={**environment(), **path},
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise DvcError(f"nothing was run: {result.stderr.strip()}")
    for line in result.stderr.splitlines():
        on_line(line)


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
