"""Raw files in a tar, compressed or not, that is never unpacked."""

import re
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from twinband.core.errors import BadSample, InputError, told
from twinband.ingest.files import Files, Recorded
from twinband.ingest.links import followed
from twinband.ingest.params import IngestLimits

MOST_HEADER_BYTES = 1 << 20  # of long names and further attributes of a member
# Images hardly shrink; what unpacks to so many times its own size is made to fill a disk.
MOST_GROWTH, LEAST_UNPACKED_BYTES = 200, 256 << 20
OTHER_ARCHIVES = {b"Rar!": "rar", b"7z\xbc\xaf": "7z", b"\x28\xb5\x2f\xfd": "zstd"}
LONG_NUMBER = re.compile(rb"\d{300}")


class Tar(Files):
    """A tar, read in place; files and links to files of it count, other members are told."""

    def __init__(
        self, root: str, inventory: Mapping[str, Recorded] | None, limits: IngestLimits
    ) -> None:
        super().__init__(root, inventory, limits)
        try:
            self._tar = tarfile.open(root, tarinfo=_Member)  # noqa: SIM115 (kept open)
            self._members = self._found()
            self._check_end()
        except (InputError, MemoryError):
            raise
        except Exception as error:
            # Over damaged bytes tarfile and the decompressors raise whatever they run into:
            # EOFError, zlib.error, RecursionError, … That is the file's fault, and none of ours.
            why = told(str(error) or type(error).__name__)
            if isinstance(error, tarfile.ReadError) and "\n" in str(error):  # a line a method
                why = "it is none, or damaged at its beginning"
            if kind := _other_archive(root):
                why = f"it is a {kind} archive; unpack it, or make a tar or zip of it"
            raise InputError(f"cannot read the tar {root}: {why}") from None

    def _found(self) -> dict[str, tarfile.TarInfo]:
        """Collect the members by path; of two with one path the later counts, as for ``tar``."""
        most = max(Path(self.root).stat().st_size * MOST_GROWTH, LEAST_UNPACKED_BYTES)
        members: dict[str, tarfile.TarInfo] = {}
        for member in self._tar:
            path = safe_path(member.name, self.root)
            if member.size < 0:
                raise ValueError(f"{path} has a negative size")
            if self._tar.offset > most:
                raise ValueError(f"it claims to unpack to {self._tar.offset >> 20} MiB")
            if member.islnk():
                member = members.get(safe_path(member.linkname, self.root), member)
            if not member.isdir():
                members[path] = member
        links = {path: own.linkname for path, own in members.items() if own.issym()}
        return followed(members, links)

    def _check_end(self) -> None:
        """Check that the list of members ends as a tar does; tarfile stops at damage silently."""
        stream = self._tar.fileobj
        assert stream is not None
        stream.seek(self._tar.offset)
        if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise ValueError(f"damaged at byte {self._tar.offset}")

    def _listed(self) -> Iterable[str]:
        return list(self._members)

    def _read(self, path: str, limit: str) -> bytes:
        member = self._members.get(path)
        if member is None:
            raise BadSample("unreadable", f"{path}: not in the tar")
        if not member.isreg() or member.sparse is not None:
            raise BadSample("not_a_file", f"{path}: {_kind(member)} in the tar, not a file")
        if member.size > self.limits.in_bytes(limit):
            raise self.limits.beyond(limit, f"{path}: {member.size >> 20} MiB")
        try:
            stream = self._tar.extractfile(member)
            assert stream is not None
            return stream.read()
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise BadSample("unreadable", f"{path}: {error}") from None


class _Member(tarfile.TarInfo):
    """A member's header, which must not take much memory or time to be understood."""

    def _proc_member(self, tar: Any) -> Any:
        """Read what belongs to a header; tarfile calls it for each, and names it for overriding."""
        further = self.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
        attributes = self.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
        if self.size < 0 or ((further or attributes) and self.size > MOST_HEADER_BYTES):
            raise ValueError(f"the header of {self.name} states {self.size} bytes")
        if self.type == tarfile.GNUTYPE_SPARSE and self._sparse_structs[1]:  # type: ignore[attr-defined]
            raise ValueError(f"{self.name} has many holes; pack it without --sparse")
        if attributes:
            _Again(tar, self._block(self.size))  # type: ignore[attr-defined]
        return super()._proc_member(tar)  # type: ignore[misc]

    def _no_map(self, member: tarfile.TarInfo, *_: Any) -> None:
        """Mark a sparse member; its map, which has no end that could be trusted, is not read."""
        member.sparse = b""

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _no_map


class _Again:
    """Stands in for a tar's stream until its next read, to look at what that will give.

    tarfile looks for numbers in further attributes in a time that grows with their square.
    """

    def __init__(self, tar: Any, size: int) -> None:
        self._tar, self._stream = tar, tar.fileobj
        self._data = self._stream.read(size)
        if LONG_NUMBER.search(self._data):
            raise ValueError("an attribute with a number of 300 digits")
        tar.fileobj = self

    def read(self, size: int) -> bytes:
        self._tar.fileobj = self._stream
        return bytes(self._data)


def _other_archive(path: str) -> str:
    """Name the kind of an archive that is neither tar nor zip; empty if it is not known."""
    with Path(path).open("rb") as stream:
        begin = stream.read(8)
    return next((kind for head, kind in OTHER_ARCHIVES.items() if begin.startswith(head)), "")


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"a link to {member.linkname}"
    return "a sparse file" if member.sparse is not None else "a device or pipe"


def safe_path(name: str, archive: str) -> str:
    """Return a member's name if it stays inside the archive.

    Raises:
        InputError: it is absolute or climbs out with ``..``.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{archive}: the member {name!r} escapes the archive; do not trust it")
    return str(path)
