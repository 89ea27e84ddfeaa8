"""Layouts whose pairs are found by name: files of one name in different places are a pair."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from twinband.readers._base import Entry, Layout, Problem

IMAGE_SUFFIXES = frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff"})


class ByName(Layout):
    """A layout that says of each path which field of which pair it is.

    Class attributes:
        required: the fields without which there is no pair; any other is a label.
    """

    required: ClassVar[Sequence[str]] = ("rgb", "thermal")

    @abstractmethod
    def place(self, path: str) -> tuple[str, str] | None:
        """Field and name of the pair that a file belongs to; None if it is none of the layout's."""

    @abstractmethod
    def expected(self, field: str, name: str) -> str:
        """Where the file of a field is looked for, to be shown to people."""

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        """The pair of these files; layouts that know more of it say so."""
        return Entry(name, files)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        """Every pair, and a problem for each file that is alone or one too many."""
        found: dict[str, dict[str, str]] = {}
        for path in paths:
            place = self.place(path)
            if place is None:
                continue
            field, name = place
            first = found.setdefault(name, {}).setdefault(field, path)
            if first is not path:
                detail = f"{path} and {first} are both the {field} of {name!r}; remove one"
                yield Problem(path, {field: path}, "key_collision", detail)
        for name, files in found.items():
            missing = [field for field in self.required if field not in files]
            yield self._alone(name, files, missing) if missing else self.entry(name, files)

    def _alone(self, name: str, files: Mapping[str, str], missing: Sequence[str]) -> Problem:
        there = ", ".join(files.values())
        lacking = " and ".join(f"{field} ({self.expected(field, name)})" for field in missing)
        return Problem(name, files, "missing_partner", f"{there}: found no {lacking}")


def folder_stem_suffix(path: str) -> tuple[str, str, str]:
    """``a/b/c.JPG`` as ``a/b``, ``c`` and ``jpg``."""
    folder, _, file = path.rpartition("/")
    stem, _, suffix = file.rpartition(".")
    return folder, stem, suffix.lower()


def is_image(suffix: str) -> bool:
    """Whether files of this suffix are images that can be decoded."""
    return suffix in IMAGE_SUFFIXES
