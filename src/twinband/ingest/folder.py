"""Raw files in a folder: of this machine, where links are watched, or behind an fsspec URL."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fsspec.spec import AbstractFileSystem

from twinband.core.errors import BadSample, InputError
from twinband.core.outside import read_file
from twinband.ingest.files import Files, Recorded, Refused, is_junk
from twinband.ingest.params import IngestLimits

MOST_LINKED_FOLDERS = 10_000  # links between folders can multiply without end


class Folder(Files):
    """A folder of this machine.

    Links are followed, of files and of folders, as long as they lead to something in the dataset
    or below ``within``, the folder of all outside data: a dataset that someone else packed must
    not bring in files of this machine. Hard links cannot be told from files.
    """

    def __init__(
        self,
        root: str,
        inventory: Mapping[str, Recorded] | None,
        limits: IngestLimits,
        within: str = "",
    ) -> None:
        super().__init__(root, inventory, limits)
        if not _is_folder(root):
            raise InputError(f"no folder at {root}")
        self._base = os.path.realpath(root)
        self._allowed = [self._base, *([os.path.realpath(within)] if within else [])]

    def _listed(self) -> Iterable[str]:
        found: list[str] = []
        linked = 0
        # A folder's true place, what its paths begin with, and the places of links on the way.
        pending: list[tuple[str, str, tuple[str, ...]]] = [(self._base, "", ())]
        while pending:
            folder, prefix, way = pending.pop()
            for entry in self._entries(folder, prefix):
                path = f"{prefix}{entry.name}"
                if is_junk(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{path}/", way))
                elif entry.is_symlink() and _is_folder(entry.path):
                    target, links = os.path.realpath(entry.path), (*way, folder)
                    if not self._may_read(target):
                        self.refused.append(Refused(path, "link_outside", _outside(path)))
                    elif not any(_is_within(place, target) for place in links):  # a loop
                        pending.append((target, f"{path}/", links))
                        linked += 1
                else:
                    found.append(path)
            if linked > MOST_LINKED_FOLDERS:
                raise InputError(f"{self.root}: more than {MOST_LINKED_FOLDERS} linked folders")
        return found

    def _entries(self, folder: str, prefix: str) -> Sequence["os.DirEntry[str]"]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError as error:
            detail = f"{prefix or self.root}: cannot be listed: {error.strerror}"
            self.refused.append(Refused(prefix.rstrip("/"), "unreadable", detail))
            return []

    def _read(self, path: str, limit: str) -> bytes:
        place = os.path.realpath(f"{self._base}/{path}")
        if not self._may_read(place):
            raise BadSample("link_outside", _outside(path))
        return read_file(place, path, self.limits, limit)

    def _may_read(self, place: str) -> bool:
        return any(_is_within(place, folder) for folder in self._allowed)


class Remote(Files):
    """A folder behind an fsspec URL."""

    def __init__(
        self,
        root: str,
        inventory: Mapping[str, Recorded] | None,
        limits: IngestLimits,
        filesystem: AbstractFileSystem,
        base: str,
    ) -> None:
        super().__init__(root, inventory, limits)
        self._filesystem, self._base = filesystem, base.rstrip("/")
        if not filesystem.isdir(self._base):
            raise InputError(f"no folder at {root}")

    def _listed(self) -> Iterable[str]:
        return [path[len(self._base) + 1 :] for path in self._filesystem.find(self._base)]

    def _read(self, path: str, limit: str) -> bytes:
        place = f"{self._base}/{path}"
        try:
            size = self._filesystem.size(place) or 0
            if size > self.limits.in_bytes(limit):
                raise self.limits.beyond(limit, f"{path}: {size >> 20} MiB")
            return bytes(self._filesystem.cat_file(place))
        except (OSError, ValueError) as error:
            raise BadSample("unreadable", f"{path}: {error}") from None


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # such as a name that is too long
        return False


def _is_within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(f"{folder.rstrip('/')}/")


def _outside(path: str) -> str:
    # Not where to: messages are part of the product, which is the same on every machine.
    return (
        f"{path}: a link out of the dataset and of TWINBAND_DATA; put a copy in its place, or set "
        "TWINBAND_DATA to a folder that holds both"
    )
