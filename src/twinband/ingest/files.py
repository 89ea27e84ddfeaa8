"""Raw files of a dataset by relative path, wherever they are, and the keys of their pairs."""

import codecs
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twinband.core.errors import BadSample, InputError
from twinband.ingest.params import IngestLimits

IMAGE_SUFFIXES = frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff"})
JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini"})
JUNK_FOLDERS = frozenset({"__MACOSX"})
# Control characters, line ends of all kinds, and bytes that are no UTF-8.
BAD_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MOST_PATH_BYTES = 4096
MOST_KEY_CHARACTERS = 200  # a key with a field and a suffix is a file's name


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of an inventory."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that a listing found and left out, with the reason."""

    path: str
    reason: str
    detail: str


class Files(ABC):
    """Read access to a dataset's raw files by relative POSIX path.

    Attributes:
        root: folder, URL or archive, as it was given.
        limits: most that is read of one file.
        refused: what the last listing left out with a reason.
    """

    def __init__(
        self, root: str, inventory: Mapping[str, Recorded] | None, limits: IngestLimits
    ) -> None:
        self.root = root
        self.inventory = inventory
        self.limits = limits
        self.refused: list[Refused] = []

    def paths(self) -> Sequence[str]:
        """List all files in order, those of the inventory if any, without file managers' litter.

        What is no plain file is listed too, and told when it is read. Names that break tables and
        terminals are refused.
        """
        self.refused = []
        kept = []
        for path in self.inventory if self.inventory is not None else self._listed():
            if is_junk(path):
                continue
            if why := _unusable(path):
                self.refused.append(Refused(path, "bad_name", f"{path}: {why}; rename it"))
            else:
                kept.append(path)
        self.refused.sort(key=lambda refused: refused.path)
        return sorted(kept)

    def read(self, path: str, limit: str = "file_mib") -> bytes:
        """Read the file's bytes; ``limit`` names the one of the limits that counts.

        Raises:
            BadSample: ``unreadable``, ``not_a_file``, ``link_outside``, ``too_large``, or
                ``changed`` since the inventory was written.
        """
        data = self._read(path, limit)
        recorded = self.inventory.get(path) if self.inventory is not None else None
        if recorded and (
            len(data) != recorded.size or hashlib.sha256(data).hexdigest() != recorded.sha256
        ):
            raise BadSample("changed", f"{path}: not the file of the inventory any more")
        return data

    def text(self, path: str) -> str:
        """Read the file as text, whatever its line ends; a byte order mark is dropped.

        Raises:
            BadSample: as ``read``; ``not_text`` if it holds the byte 0.
        """
        data = self.read(path, "text_mib")
        utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if utf_16 else "utf-8-sig", errors="replace")
        if "\0" in text:
            raise BadSample("not_text", f"{path}: no text, but bytes; save it as UTF-8")
        return text.replace("\r\n", "\n")

    @abstractmethod
    def _listed(self) -> Iterable[str]:
        """List all files; what cannot be followed goes to ``refused``."""

    @abstractmethod
    def _read(self, path: str, limit: str) -> bytes:
        """Read a file; whatever goes wrong is a BadSample."""


def read_lines(files: Files, path: str) -> list[str]:
    """Read the lines of a text file that the layout itself needs, without blanks around them.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return [line.strip() for line in files.text(path).splitlines()]
    except BadSample as error:
        raise InputError(f"{files.root}: {error.detail}") from None


def is_junk(path: str) -> bool:
    """Tell if a file is litter such as ``Thumbs.db``, ``.DS_Store`` or ``__MACOSX/…``."""
    parts = path.split("/")
    hidden = any(part.startswith(".") for part in parts)
    return hidden or parts[-1].lower() in JUNK_NAMES or not JUNK_FOLDERS.isdisjoint(parts)


def _unusable(path: str) -> str:
    """Say why a path cannot be used; empty if it can."""
    if BAD_CHARACTER.search(path):
        return "the name holds control characters, or is not UTF-8"
    if len(path.encode()) > MOST_PATH_BYTES:
        return f"the path is longer than {MOST_PATH_BYTES} bytes"
    return ""


def key_of(name: str) -> str:
    """Derive the key: ``[a-z0-9_-]+``, no dots (WebDataset cuts keys at the first one).

    Capitals are lowered and ``/`` becomes ``-``. Whatever else must be replaced adds six
    hexadecimal digits of the name's hash, so that a key depends on its own name only and stays
    when the dataset grows; so does what must be cut off, since a key becomes a file's name.
    """
    plain = name.lower().replace("/", "-")
    slug = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-") or "pair"
    if slug == plain and len(slug) <= MOST_KEY_CHARACTERS:
        return slug
    return f"{slug[:MOST_KEY_CHARACTERS]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def natural_order(name: str) -> list[str | int]:
    """Make a sort key by which ``2.jpg`` comes before ``10.jpg``."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
