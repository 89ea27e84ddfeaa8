"""A cache of image labels on disk, shared by processes.

A label is stored under the annotator's fingerprint and the SHA-256 of the image's pixels. So it is
found again in a grown dataset, in another dataset, after a kill, and by other processes that fill
the same folder.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from twinband.core.errors import MALFORMED
from twinband.shards.write import put_in_place

DIGITS = 15  # of a SHA-256: as many as an offset in a file can hold


class LabelCache:
    """The labels of one annotator.

    A file is a line of JSON (the size of each field, and a SHA-256 of the sizes and the content),
    then the fields. A file that does not match its first line counts as missing.

    Args:
        folder: holds the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, sha256: str) -> Path:
        """Name the file of an image's label."""
        return self._folder / sha256[:2] / f"{sha256}.label"

    def get(self, sha256: str) -> dict[str, bytes] | None:
        """Read the fields of an image's label; None if it is missing or damaged."""
        try:
            head, _, body = self.path_of(sha256).read_bytes().partition(b"\n")
        except OSError:
            return None
        try:
            header = json.loads(head)
            sizes: dict[str, int] = header["fields"]
            intact = _sha256(sizes, body) == header["sha256"] and sum(sizes.values()) == len(body)
        except MALFORMED:
            return None
        if not intact:
            return None
        fields, begin = {}, 0
        for name, size in sizes.items():
            fields[name] = body[begin : begin + size]
            begin += size
        return fields

    def put(self, sha256: str, fields: Mapping[str, bytes]) -> None:
        """Store an image's label; a reader sees all of it or nothing.

        Whoever stores it holds the claim to it, so a temporary file of the same label was left by
        a process that was killed, and goes.
        """
        body = b"".join(fields.values())
        sizes = {name: len(data) for name, data in fields.items()}
        header = {"fields": sizes, "sha256": _sha256(sizes, body)}
        path = self.path_of(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        # Not synced to the disk, which would take longer than all else here: a file that a power
        # cut damaged counts as missing.
        try:
            temporary.write_bytes(json.dumps(header).encode() + b"\n" + body)
            with suppress(FileNotFoundError):  # no locks here, and another one stores it too
                put_in_place(temporary, path)
        finally:
            for file in path.parent.glob(f".{path.name}.*.tmp"):
                file.unlink(missing_ok=True)


@contextmanager
def claimed(file: Path, sha256s: Iterable[str]) -> Iterator[None]:
    """Hold the claim to some images while the context lasts; other processes wait.

    A claim is a lock on one byte of ``file``, so it needs no file of its own and goes with its
    owner's process. All processes take claims in the same order, so none wait for each other.

    Args:
        sha256s: keys of the images.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        for offset in sorted({int(sha256[:DIGITS], 16) for sha256 in sha256s}):
            with suppress(OSError):  # without locks work may be done twice, which harms nothing
                fcntl.lockf(stream, fcntl.LOCK_EX, 1, offset)
        yield


def _sha256(sizes: Mapping[str, int], body: bytes) -> str:
    digest = hashlib.sha256(json.dumps(sizes).encode())
    digest.update(body)
    return digest.hexdigest()
