"""Raw files in a zip that is never unpacked."""

import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from twinband.core.errors import BadSample, InputError, told
from twinband.ingest.archive import safe_path
from twinband.ingest.files import Files, Recorded
from twinband.ingest.links import followed
from twinband.ingest.params import IngestLimits

BEGINNINGS = (b"PK\3\4", b"PK\5\6", b"PK\7\10")
MOST_LINK_BYTES = 4096  # a link is a path
ENCRYPTED = 1  # a bit of a member's flags
# Of the others, a few packed bytes may unpack to any number before their end is seen.
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def is_zip(path: str) -> bool:
    """Tell if a file begins as a zip does; a tar may end as one."""
    with Path(path).open("rb") as stream:
        return stream.read(4) in BEGINNINGS


class Zip(Files):
    """A zip, read in place; files and links to files of it count, other members are told."""

    def __init__(
        self, root: str, inventory: Mapping[str, Recorded] | None, limits: IngestLimits
    ) -> None:
        super().__init__(root, inventory, limits)
        if not zipfile.is_zipfile(root):
            raise InputError(
                f"cannot read the zip {root}: its end, with the list of its members, is missing; "
                "fetch it again, or unpack it if it is one part of several"
            )
        try:
            self._zip = zipfile.ZipFile(root)
            self._members = self._found()
        except (InputError, MemoryError):
            raise
        except Exception as error:
            # Over damaged bytes zipfile raises whatever it runs into, as tarfile does.
            why = told(str(error) or type(error).__name__)
            raise InputError(f"cannot read the zip {root}: {why}; fetch it again") from None

    def _found(self) -> dict[str, zipfile.ZipInfo]:
        """Collect the members by path; of two with one path the later counts."""
        members = {}
        for member in self._zip.infolist():
            name = member.filename.replace("\\", "/")  # as some programs write it
            if not name.endswith("/"):
                members[safe_path(name, self.root)] = member
        texts = {path: self._link(own) for path, own in members.items() if _is_link(own)}
        return followed(members, {path: text for path, text in texts.items() if text})

    def _link(self, member: zipfile.ZipInfo) -> str:
        """Read where a link leads; empty if that cannot be read."""
        if member.flag_bits & ENCRYPTED or member.file_size > MOST_LINK_BYTES:
            return ""
        try:
            text = self._zip.read(member) if member.compress_type in PACKINGS else b""
            return text.decode()
        except MemoryError:
            raise
        except Exception:  # as above
            return ""

    def _listed(self) -> Iterable[str]:
        return list(self._members)

    def _read(self, path: str, limit: str) -> bytes:
        member = self._members.get(path)
        if member is None:
            raise BadSample("unreadable", f"{path}: not in the zip")
        if _is_link(member):
            raise BadSample("not_a_file", f"{path}: a link in the zip to no file of it")
        if member.flag_bits & ENCRYPTED:
            raise BadSample("unreadable", f"{path}: encrypted; unpack the zip with its password")
        if member.compress_type not in PACKINGS:
            why = f"{path}: packed in a way that is not read (number {member.compress_type})"
            raise BadSample("unreadable", f"{why}; unpack the zip")
        if member.file_size > self.limits.in_bytes(limit):
            raise self.limits.beyond(limit, f"{path}: {member.file_size >> 20} MiB")
        try:
            return self._zip.read(member)
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise BadSample("unreadable", f"{path}: {error}") from None


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)
