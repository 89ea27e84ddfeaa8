"""Sharing work between processes: who is at something already is waited for."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DIGITS = 15  # of a SHA-256: as many as an offset in a file can hold


@contextmanager
def claimed(file: Path, sha256s: Iterable[str]) -> Iterator[None]:
    """Hold the claim to some images while the context lasts; other processes wait.

    A claim is a lock on one byte of ``file``, so it needs no file of its own and goes with its
    owner's process. Claims are taken in one order by all, so that no two wait for each other.

    Args:
        sha256s: what the images are known by.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        for place in sorted({int(sha256[:DIGITS], 16) for sha256 in sha256s}):
            with suppress(OSError):  # without locks work may be done twice, which harms nothing
                fcntl.lockf(stream, fcntl.LOCK_EX, 1, place)
        yield
