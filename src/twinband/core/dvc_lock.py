"""A good copy of dvc.lock, and what it is for: DVC writes the file in place.

A kill at that moment leaves its beginning. DVC then refuses it, or, if the beginning happens to be
valid YAML, forgets the stages that it lacks. So each step and each walk keeps a copy of a whole
file, and ``restore`` puts one back. What finished since is not lost: DVC's run cache has it.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LOCK = Path("dvc.lock")
COPY = Path(".work/dvc.lock")
DAMAGED = Path(".work/dvc.lock.damaged")
CONFLICT = "<<<<<<< "  # of a merge, which its owner settles


def keep(root: Path) -> None:
    """Copy dvc.lock of the project at ``root`` to ``.work``, if it is whole."""
    text, kept = _read(root / LOCK), _read(root / COPY)
    if text not in (None, kept) and CONFLICT not in text and not is_cut(root):
        _write(root / COPY, text)


def is_cut(root: Path) -> bool:
    """Tell whether dvc.lock is no whole one, or the beginning of what became of the copy."""
    text = _read(root / LOCK)
    if text is None or CONFLICT in text:
        return False
    stages = _stages(text)
    if stages is None:
        return True
    committed = _committed(root)
    before = list(_stages(_read(root / COPY) or committed) or {})
    shorter = len(stages) < len(before) and list(stages) == before[: len(stages)]
    return shorter and text != committed  # an earlier commit's may be as short


def restore(root: Path) -> str:
    """Put a whole file in place of a cut dvc.lock: the copy, or else Git's.

    Returns:
        What was done, for people; empty if dvc.lock is whole, or there is none.
    """
    if not is_cut(root):
        return ""
    _write(root / DAMAGED, _read(root / LOCK) or "")
    told = f"{LOCK} was cut short while DVC wrote it (it is kept as {DAMAGED})"
    copies = {
        "as it was when the last step began": _read(root / COPY),
        "from Git": _committed(root),
    }
    for source, whole in copies.items():
        if whole is not None and _stages(whole):
            _write(root / LOCK, whole)
            return f"{told}: restored {source}; what finished since is in DVC's run cache"
    (root / LOCK).unlink()
    return f"{told} and no copy is left: removed; what had finished is in DVC's run cache"


def _stages(text: str | None) -> Mapping[str, Any] | None:
    """Parse the entries of the stages; None if that is not what the text holds."""
    try:
        content = YAML(typ="safe").load(text or "")  # as DVC reads it
    except YAMLError:
        return None
    stages = content.get("stages") if isinstance(content, Mapping) else None
    whole = isinstance(stages, Mapping) and all(
        isinstance(entry, Mapping) and "cmd" in entry for entry in stages.values()
    )
    return stages if whole else None


def _committed(root: Path) -> str | None:
    command = ["git", "show", f"HEAD:./{LOCK}"]
    try:
        shown = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except FileNotFoundError:  # no Git
        return None
    return shown.stdout.decode(errors="replace") if shown.returncode == 0 else None


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
