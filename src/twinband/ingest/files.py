"""Raw files of a dataset: a folder (any fsspec URL), or a tar that is never unpacked.

With their inventory, the attributes that stand beside them, and the keys of their pairs.
"""

import csv
import hashlib
import re
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec

from twinband.core.errors import BadSample, InputError

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini"})
JUNK_FOLDERS = frozenset({"__MACOSX"})
# At a dataset's root: attributes of its pairs that the layout cannot express.
ATTRIBUTES_FILE = "attributes.csv"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of an inventory."""

    size: int
    sha256: str


class Files(ABC):
    """Read access to a dataset's raw files by relative POSIX path."""

    def __init__(self, root: str, inventory: Mapping[str, Recorded] | None) -> None:
        self.root = root
        self.inventory = inventory

    def paths(self) -> Sequence[str]:
        """List all files in order, those of the inventory if any, without file managers' litter.

        Raises:
            InputError: a file name is not UTF-8.
        """
        paths = self.inventory if self.inventory is not None else self._listed()
        for path in paths:
            if not path.isascii() and path != path.encode("utf-8", "replace").decode():
                raise InputError(f"{self.root}: the file name {path!r} is not UTF-8; rename it")
        return sorted(path for path in paths if not is_junk(path))

    def read(self, path: str) -> bytes:
        """Read the file's bytes.

        Raises:
            BadSample: ``unreadable``, or ``changed`` since the inventory was written.
        """
        try:
            data = self._read(path)
        except (OSError, KeyError, tarfile.TarError) as error:
            raise BadSample("unreadable", f"{path}: {error}") from None
        recorded = self.inventory.get(path) if self.inventory is not None else None
        if recorded and (
            len(data) != recorded.size or hashlib.sha256(data).hexdigest() != recorded.sha256
        ):
            raise BadSample("changed", f"{path}: not the file of the inventory any more")
        return data

    def text(self, path: str) -> str:
        """Read the file as text, whatever its line ends; a byte order mark is dropped."""
        return self.read(path).decode("utf-8-sig", errors="replace").replace("\r\n", "\n")

    @abstractmethod
    def _listed(self) -> Sequence[str]: ...

    @abstractmethod
    def _read(self, path: str) -> bytes: ...


class Folder(Files):
    """A folder; ``root`` is a path or any fsspec URL."""

    def __init__(self, root: str, inventory: Mapping[str, Recorded] | None = None) -> None:
        super().__init__(root, inventory)
        self._filesystem, self._base = fsspec.core.url_to_fs(root)
        self._base = self._base.rstrip("/")
        if not self._filesystem.isdir(self._base):
            raise InputError(f"no folder at {root}")

    def _listed(self) -> Sequence[str]:
        paths = self._filesystem.find(self._base)
        return [path[len(self._base) + 1 :] for path in paths]

    def _read(self, path: str) -> bytes:
        return bytes(self._filesystem.cat_file(f"{self._base}/{path}"))


class Tar(Files):
    """An uncompressed or compressed tar, read in place; only plain files inside it count."""

    def __init__(self, root: str, inventory: Mapping[str, Recorded] | None = None) -> None:
        super().__init__(root, inventory)
        try:
            self._tar = tarfile.open(root)  # noqa: SIM115 (kept open for the object's life)
            self._members = {safe_path(m.name, root): m for m in self._tar if m.isfile()}
        except (OSError, tarfile.TarError) as error:
            raise InputError(f"cannot read the tar {root}: {error}") from None

    def _listed(self) -> Sequence[str]:
        return list(self._members)

    def _read(self, path: str) -> bytes:
        stream = self._tar.extractfile(self._members[path])
        if stream is None:
            raise KeyError(f"{path} is no plain file")
        return stream.read()


def open_files(root: str, inventory: Mapping[str, Recorded] | None = None) -> Files:
    """Open a tar if ``root`` is a file, else a folder.

    Raises:
        InputError: there is neither.
    """
    return Tar(root, inventory) if Path(root).is_file() else Folder(root, inventory)


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


def safe_path(name: str, archive: str) -> str:
    """Return a member's name if it stays inside the archive.

    Raises:
        InputError: it is absolute or climbs out with ``..``.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{archive}: the member {name!r} escapes the archive; do not trust it")
    return str(path)


def read_inventory(path: Path) -> dict[str, Recorded]:
    """Read the committed list of an outside dataset's files (``path,size,sha256``).

    Raises:
        InputError: it is not such a list.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = csv.DictReader(stream)
            return {r["path"]: Recorded(int(r["size"]), r["sha256"]) for r in rows}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no inventory (path,size,sha256): {error!r}") from None


def write_inventory(
    files: Files, path: Path, track: Callable[[Sequence[str]], Iterable[str]] = iter
) -> int:
    """Write the inventory of ``files``; returns the number of files.

    Args:
        track: goes through the paths and shows how far it is, such as ``tqdm``.

    Raises:
        BadSample: a file cannot be read.
    """
    rows = []
    for name in track(files.paths()):
        data = files.read(name)
        rows.append((name, len(data), hashlib.sha256(data).hexdigest()))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "size", "sha256"))
        writer.writerows(rows)
    unfinished.replace(path)
    return len(rows)


def read_attributes(files: Files, paths: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """Read ``attributes.csv``: columns by the name of a pair; nothing if there is no such file.

    Empty cells say nothing, so what the layout derives stays.

    Raises:
        InputError: it has no column ``name``, or a line with too many cells.
    """
    if ATTRIBUTES_FILE not in paths:
        return {}
    rows = csv.DictReader(read_lines(files, ATTRIBUTES_FILE))
    if "name" not in (rows.fieldnames or ()):
        raise InputError(f"{files.root}: {ATTRIBUTES_FILE} needs a first line with a column `name`")
    attributes = {}
    for row in rows:
        if None in row:
            line = f"line {rows.line_num} of {ATTRIBUTES_FILE}"
            raise InputError(f"{files.root}: {line} has more cells than columns")
        attributes[row["name"]] = {k: v for k, v in row.items() if v and k != "name"}
    return attributes


def key_of(name: str) -> str:
    """Derive the key: ``[a-z0-9_-]+``, no dots (WebDataset cuts keys at the first one).

    Capitals are lowered and ``/`` becomes ``-``. Whatever else must be replaced adds six
    hexadecimal digits of the name's hash, so that a key depends on its own name only and stays
    when the dataset grows.
    """
    plain = name.lower().replace("/", "-")
    slug = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-") or "pair"
    if slug == plain:
        return slug
    return f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def natural_order(name: str) -> list[str | int]:
    """Make a sort key by which ``2.jpg`` comes before ``10.jpg``."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
