"""DVC's record of which process reads and writes which path, rid of the dead.

The repository's lock itself is the kernel's and ends with its process. The record
(``.dvc/tmp/rwlock``) is a JSON file that names process ids. DVC drops an entry whose id no longer
exists, but takes a new process with the same id for the old one, and refuses a file cut short by
a kill; both would need a hand. Ids are reused soon where they are few, as in a container.
"""

import json
from pathlib import Path
from typing import Any

import psutil
import zc.lockfile


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
