"""Files under the names by which layouts compare them."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from twinband.ingest.files import IMAGE_SUFFIXES, Files

MOST_FOLDERS_AROUND = 8


class View(Files):
    """Files below a folder, their names in one form of Unicode (NFC), for a scan.

    Attributes:
        within: the folder, relative to the root; empty for the root itself.
        outer: the view from the root, if this is one from within a folder.
        read_files: SHA-256 of each file that was read through it, by its name in the view.
    """

    def __init__(
        self, files: Files, paths: Sequence[str], within: str = "", outer: "View | None" = None
    ) -> None:
        super().__init__(files.root, None, files.limits)
        self.within = within
        self.outer = outer
        self.read_files: dict[str, str] = {}
        self._files = files
        self._real = dict(_shown(paths, f"{within}/" if within else ""))

    def has(self, path: str) -> bool:
        """Tell if there is such a file."""
        return path in self._real

    def real(self, path: str) -> str:
        """Give the path relative to the root, as it is written there."""
        return self._real[path]

    def real_files(self, files: Mapping[str, str]) -> dict[str, str]:
        """Give the files of a pair, by field, relative to the root."""
        return {field: self._real[path] for field, path in files.items()}

    def _listed(self) -> Iterable[str]:
        return self._real

    def _read(self, path: str, limit: str) -> bytes:
        data = self._files.read(self._real.get(path, path), limit)
        self.read_files[path] = hashlib.sha256(data).hexdigest()
        return data


def views(files: Files, paths: Sequence[str]) -> Iterator[View]:
    """View the files from the root, and from within the folder around everything, if one is.

    A folder is around everything if all images are in it; archives are often packed so.
    """
    within: list[str] = []
    root = View(files, paths)
    yield root
    images = [path for path in paths if path.rpartition(".")[2].lower() in IMAGE_SUFFIXES]
    while images and len(within) < MOST_FOLDERS_AROUND:
        around = {path.split("/")[len(within)] for path in images}
        if len(around) > 1 or any(path.count("/") == len(within) for path in images):
            return
        within += around
        yield View(files, paths, "/".join(within), root)


def _shown(paths: Sequence[str], prefix: str) -> Iterator[tuple[str, str]]:
    """Pair each name with the real one; of two that differ only by form, one keeps its own."""
    taken: set[str] = set(paths)
    for path in paths:
        if path.startswith(prefix):
            name = unicodedata.normalize("NFC", path)
            name = path if name != path and name in taken else name
            taken.add(name)
            yield name[len(prefix) :] if path == name else name[len(_nfc(prefix)) :], path


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
