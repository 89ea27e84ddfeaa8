"""Preparation of a walk over the graph: ``python -m twinband.ready PROJECT/params.yaml``.

Mends what killed DVC commands and full disks left behind, then validates all of params.yaml, so
that nothing starts with wrong parameters. `make repro`, the flows and ``twinband doctor`` begin
with it.

A killed DVC leaves entries in ``.dvc/tmp/rwlock``, a JSON file of process ids by path. DVC drops an
entry whose id no longer exists, but takes a new process with the same id for the old one, and
refuses a file that was cut short. Ids are reused soon where they are few, as in a container. (The
repository's lock itself is the kernel's and ends with its process.)
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import zc.lockfile

from twinband.core import dvc_lock
from twinband.core.outside import KINDS
from twinband.core.params import ParamsError
from twinband.params import validate_file

# The repository has one file of entries, its experiments another.
LOCK_FOLDERS = (Path(".dvc/tmp"), Path(".dvc/tmp/exps"))
REPOSITORY_LOCK = Path(".dvc/tmp/lock")


def mend(root: Path) -> Iterator[str]:
    """Mend what dead DVC commands left at ``root``, and keep a copy of dvc.lock; yields a line for
    each thing that was done."""
    for folder in LOCK_FOLDERS:
        yield from _release_dead_locks(root / folder)
    if dvc_lock.is_cut(root):
        yield from _restore_dvc_lock(root)
    for unfinished in (root / dvc_lock.COPY.parent).glob(f".{dvc_lock.LOCK}*.tmp"):
        unfinished.unlink(missing_ok=True)  # a copy that a killed step had begun
    dvc_lock.keep(root)


def _restore_dvc_lock(root: Path) -> Iterator[str]:
    try:
        guard = zc.lockfile.LockFile(str(root / REPOSITORY_LOCK))
    except zc.lockfile.LockError:
        return  # a living DVC process holds it, and is writing
    try:
        if restored := dvc_lock.restore(root):
            yield restored
    finally:
        guard.close()


def _release_dead_locks(folder: Path) -> Iterator[str]:
    """Drop every entry whose process is gone or is not DVC's."""
    rwlock = folder / "rwlock"
    if not rwlock.exists():
        return
    try:
        guard = zc.lockfile.LockFile(str(folder / "rwlock.lock"))
    except zc.lockfile.LockError:
        return  # a living DVC process holds it, and cleans up after itself
    try:
        text = json.dumps(_living_entries(rwlock.read_text(encoding="utf-8", errors="replace")))
        if text != rwlock.read_text(encoding="utf-8", errors="replace"):
            rwlock.write_text(text, encoding="utf-8")
            yield f"{rwlock}: dropped what ended DVC commands had left there"
    finally:
        guard.close()


def _living_entries(text: str) -> dict[str, Any]:
    try:
        locks = json.loads(text)
        write = {path: entry for path, entry in locks["write"].items() if _is_living(entry)}
        read = {path: list(filter(_is_living, entries)) for path, entries in locks["read"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # cut short by a kill or a full disk, so its writer is dead
    return {"write": write, "read": {path: living for path, living in read.items() if living}}


def _is_living(entry: Mapping[str, Any]) -> bool:
    """Tell whether the entry's process exists, has not ended, and is a DVC command."""
    try:
        process = psutil.Process(entry["pid"])
        return process.status() != psutil.STATUS_ZOMBIE and any(
            "dvc" in word for word in process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's
        return True


def unreadable(sections: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Yield a line for each pipe, socket and device in the raw folders of the project.

    DVC hashes these folders before a stage can look at them, and waits for a pipe for ever.

    Args:
        sections: all of params.yaml.
    """
    for name, item in sections["ingest"]["items"].items():
        for folder, _, files in os.walk(root / item["source"]):
            for path in (Path(folder, file) for file in files):
                if kind := _kind(path):
                    where = f"ingest.items.{name}.source"
                    yield f"{where}: {path} is {kind}; DVC cannot read it: remove it"


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"no readable file ({error.strerror})"
    return next((kind for is_kind, kind in KINDS if is_kind(mode)), "")


def main(params: Path) -> int:
    """Make the project of a params.yaml ready.

    Returns:
        The exit code: 2 for wrong parameters, 3 for a raw folder that DVC cannot read.
    """
    root = params.parent
    for line in mend(root):
        print(line, file=sys.stderr)
    if not (root / "src" / "twinband").is_dir():
        return 0  # another project's graph: its parameters are its own affair
    try:
        sections = validate_file(params.read_text(encoding="utf-8"))
    except (ParamsError, OSError, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    problems = list(unreadable(sections, root))
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    return 3 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
