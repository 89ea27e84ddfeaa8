"""A step's work folder: the fingerprint it is filed under, its lock, and publishing outputs.

Anything that would make unfinished work stale changes its fingerprint; which code that is, says
dvc.yaml itself.
"""

import errno
import fnmatch
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline_steps.harness.log import log
from twinband.shards.write import link, remove


def fingerprint(params: Mapping[str, Any], inputs: Iterable[Path], code: Iterable[Path]) -> str:
    """16 hexadecimal digits over parameters, the content of inputs, and the code."""
    whole = hashlib.sha256(json.dumps(params, sort_keys=True).encode())
    for path in inputs:
        whole.update(f"{path.name}\0{content_digest(path)}\0".encode())
    for path in code:
        whole.update(f"{path.as_posix()}\0{code_digest(path)}\0".encode())
    return whole.hexdigest()[:16]


def code_digest(path: Path) -> str:
    """SHA-256 of a file of code, or of all files of a folder but those that DVC ignores too."""
    if path.is_file():
        return content_digest(path)
    lines = Path(".dvcignore").read_text().splitlines() if Path(".dvcignore").is_file() else []
    ignored = [line for line in lines if line and not line.startswith(("#", "/"))]

    def counts(file: Path) -> bool:
        parts = file.relative_to(path).parts
        return not any(fnmatch.fnmatchcase(part, line) for part in parts for line in ignored)

    files = [file for file in path.rglob("*") if file.is_file() and counts(file)]
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.relative_to(path).as_posix()}\0{content_digest(file)}\0".encode())
    return whole.hexdigest()


def content_digest(path: Path) -> str:
    """SHA-256 of a file, of a product (by its index and manifest), or of a folder's files."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    files = [path / "index.json", path / "manifest.parquet"]
    if not all(file.is_file() for file in files):
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.name != ".gitignore")
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(path).as_posix()}\0{content_digest(file)}\0".encode())
    # Folders of raw data may be linked together; what is reached twice is hashed once.
    for link_to in sorted(p for p in path.rglob("*") if p.is_symlink() and p.is_dir()):
        whole.update(f"{link_to.relative_to(path).as_posix()}\0{link_to.readlink()}\0".encode())
    return whole.hexdigest()


def work_root() -> Path:
    """``.work`` of the repository that DVC was called in: shared by experiments in copies of the
    tree, and untouched when DVC clears outputs."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve() / ".work"


def folder_of(name: str, fingerprint: str) -> Path:
    """The folder in which a step keeps this work."""
    return work_root() / name / fingerprint


@contextmanager
def work_folder(name: str, fingerprint: str) -> Iterator[Path]:
    """The folder for this work, locked while it is used.

    A second process with the same work waits, then finds everything done. The lock goes with its
    owner's process, so a killed one leaves none behind.
    """
    folder = folder_of(name, fingerprint)
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / "owner.pid"
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = owner.read_text() if owner.is_file() else "?"
        log.info("process %s is at the same work; waiting for it", who)
        lock.acquire()
    try:
        owner.write_text(str(os.getpid()))
        for unfinished in folder.rglob("*.tmp"):  # a process that was killed had begun to write
            remove(unfinished)
        yield folder
    finally:
        lock.release()


def publish(staged: Path, target: Path) -> None:
    """Put a finished file or folder in place by one rename.

    Hard links keep the work folder's copy, so that work done is not lost if the process dies
    before DVC has recorded it. A full disk leaves no copy that is half made.
    """
    linked = staged.with_name(f".{staged.name}.publish")
    near = target.with_name(f".{target.name}.publish")
    remove(linked)
    try:
        if staged.is_dir():
            shutil.copytree(staged, linked, copy_function=link)
        else:
            link(staged, linked)
        target.parent.mkdir(parents=True, exist_ok=True)
        _publish_linked(linked, near, target)
    except BaseException:
        remove(linked)
        remove(near)
        raise


def _publish_linked(linked: Path, near: Path, target: Path) -> None:
    """Rename ``linked`` to ``target``, by way of a copy ``near`` it on another file system."""
    try:
        _replace(linked, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        remove(near)
        shutil.copytree(linked, near) if linked.is_dir() else shutil.copyfile(linked, near)
        _replace(near, target)
        remove(linked)


def _replace(new: Path, target: Path) -> None:
    """Rename ``new`` to ``target``. An old target is put aside first: a folder is deleted file by
    file, and half of one must never stand there."""
    old = new.with_name(f"{new.name}.old")
    remove(old)
    if target.exists() or target.is_symlink():
        target.rename(old)
    new.rename(target)
    remove(old)
