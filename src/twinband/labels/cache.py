"""Labels of single images, kept for as long as nobody deletes them: ``LabelCache``.

An image's label is found by the SHA-256 of its pixels below the fingerprint of who labelled it,
so it is found again in a grown dataset, in another dataset, after a kill, and by other processes
that fill the same folder.

Sharing work between processes: who is at something already is waited for.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


class LabelCache:
    """One folder for one annotator.

    A file is a line of JSON (the size of each field, and the SHA-256 of that and of what
    follows), then the fields. What does not fit its first line is not believed.

    Args:
        folder: below which files are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, sha256: str) -> Path:
        """Where the label of an image is kept."""
        return self._folder / sha256[:2] / f"{sha256}.label"

    def get(self, sha256: str) -> dict[str, bytes] | None:
        """The fields of an image's label; None if there is none, or no whole one."""
        try:
            head, _, body = self.path_of(sha256).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        try:
            said = json.loads(head)
            sizes: dict[str, int] = said["fields"]
            whole = _sha256(sizes, body) == said["sha256"] and sum(sizes.values()) == len(body)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if not whole:
            return None
        fields, begin = {}, 0
        for name, size in sizes.items():
            fields[name] = body[begin : begin + size]
            begin += size
        return fields

    def put(self, sha256: str, fields: Mapping[str, bytes]) -> None:
        """Keep an image's label; a reader sees all of it or nothing."""
        body = b"".join(fields.values())
        sizes = {name: len(data) for name, data in fields.items()}
        head = {"fields": sizes, "sha256": _sha256(sizes, body)}
        path = self.path_of(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        # Not synced to the disk, which would take longer than all else here: what a power cut
        # leaves of it is not believed.
        temporary.write_bytes(json.dumps(head).encode() + b"\n" + body)
        temporary.replace(path)


def _sha256(sizes: Mapping[str, int], body: bytes) -> str:
    digest = hashlib.sha256(json.dumps(sizes).encode())
    digest.update(body)
    return digest.hexdigest()


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
