"""Files from outside of the project: what is read of one at most, and reading it safely.

Nobody vouches for what lies in a dataset's folder. Reading must not wait for a pipe that nobody
writes to, nor fill the memory.
"""

import os
import stat
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from twinband.core.errors import BadSample, InputError
from twinband.core.params import Params

MIB = 1 << 20
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Limits(Params):
    """Most that is read of a file from outside.

    Attributes:
        file_mib: size of any file.
        text_mib: size of lists, tables and annotations, which take many times as much in memory.
        image_megapixels: width times height of an image, seen before it is decoded; not more than
            what Pillow decodes at all.
        section: where these parameters stand; empty where they cannot be set.
    """

    section: ClassVar[str] = ""

    file_mib: Annotated[int, Field(ge=1)] = 64
    text_mib: Annotated[int, Field(ge=1)] = 16
    image_megapixels: Annotated[int, Field(ge=1, le=178)] = 50

    def in_bytes(self, name: str) -> int:
        """Return one of the limits of sizes in bytes."""
        most: int = getattr(self, name)
        return most * MIB

    def beyond(self, name: str, what: str) -> BadSample:
        """Make the error ``too_large`` of a file of which ``what`` says how large it is."""
        unit = "MiB" if name.endswith("_mib") else "megapixels"
        advice = (
            f"raise {self.section}.{name} if it is meant" if self.section else "make it smaller"
        )
        most = f"at most {getattr(self, name)} {unit} are read"
        return BadSample("too_large", f"{what}; {most}, so {advice}")


LIMITS = Limits()


def read_file(
    path: str | Path, name: str, limits: Limits = LIMITS, limit: str = "file_mib"
) -> bytes:
    """Read a file of outside.

    Args:
        name: of the file, for messages.
        limit: the one of ``limits`` that counts.

    Raises:
        BadSample: ``not_a_file`` for a folder, pipe, socket or device, which is never opened;
            ``too_large``; ``unreadable``.
    """
    most = limits.in_bytes(limit)
    try:
        _check(os.stat(path), name, limits, limit)  # noqa: PTH116 (bytes of any name)
        # It might be put in the other's place meanwhile; a pipe must not block even then.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            _check(os.fstat(stream.fileno()), name, limits, limit)
            data = stream.read(most + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadSample("unreadable", f"{name}: {why}") from None
    if len(data) > most:  # it grew, or the system tells no size (/proc)
        raise limits.beyond(limit, f"{name}: {len(data) >> 20} MiB")
    return data


def read_text(path: Path, limits: Limits = LIMITS) -> str:
    """Read a table or list that params or a command name, as UTF-8; a byte order mark is dropped.

    Raises:
        InputError: it is no such file, too large, or no UTF-8 text.
    """
    try:
        return read_file(path, str(path), limits, "text_mib").decode("utf-8-sig")
    except BadSample as error:
        raise InputError(error.detail) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is no UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None


def _check(found: os.stat_result, name: str, limits: Limits, limit: str) -> None:
    for is_kind, kind in KINDS:
        if is_kind(found.st_mode):
            raise BadSample("not_a_file", f"{name}: {kind}, not a file")
    if found.st_size > limits.in_bytes(limit):
        raise limits.beyond(limit, f"{name}: {-(-found.st_size // MIB)} MiB")
