"""Layouts that a table of patterns describes: where each field of a pair lies, and by which name.

A reader of images with label images is then little more than its table.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from twinband.core.errors import told
from twinband.ingest.by_name import ByName
from twinband.ingest.files import IMAGE_SUFFIXES, Files, natural_order
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.patterns import Pattern
from twinband.ingest.split_lists import SplitLists
from twinband.ingest.split_words import split_of_word

SPLIT = "{split}"


class ByPatterns(ByName):
    """Images, each of a field, by patterns of their paths without the suffix.

    A ``*`` captures a part of one level, and ``{split}`` a part that a split is called by; the
    captures, joined by ``/``, name the pair. In a name splits are called ``train``, ``val`` and
    ``test``, however their folders are called.

    Class attributes:
        patterns: of each field, in all the forms that there are; a path is of the first that fits.
        unread: patterns of images that are known and left alone; they are counted and told.
        split_lists: patterns of lists, of which the first that exist count, if no folder names
            splits.
        sequence_levels: how many of the captures name the sequence that a frame is of.
    """

    patterns: ClassVar[Mapping[str, Sequence[str]]]
    unread: ClassVar[Sequence[str]] = ()
    split_lists: ClassVar[Sequence[str]] = ("{split}.txt",)
    sequence_levels: ClassVar[int] = 0

    def __init__(self, files: Files, options: Any) -> None:
        super().__init__(files, options)
        self._places = [
            (field, Place(text)) for field, texts in self.fields().items() for text in texts
        ]
        self._unread = [Place(text) for text in self.left_alone()]

    def fields(self) -> Mapping[str, Sequence[str]]:
        """Give the patterns; layouts of which options choose images override it."""
        return self.patterns

    def left_alone(self) -> Sequence[str]:
        """Give the patterns of what is known and not read, as ``fields``."""
        return self.unread

    def attributes(self, name: str) -> Mapping[str, str]:
        """Tell what the name of a pair says of it."""
        return {}

    def place(self, path: str) -> tuple[str, str] | None:
        found = self._found(path)
        return found[:2] if found else None

    def expected(self, field: str, name: str) -> str:
        levels = name.split("/")
        places = [place for own, place in self._places if own == field]
        fitting = [place for place in places if place.levels == len(levels)] or places
        return fitting[0].filled(levels)

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        found = self._found(files["rgb"])
        levels = name.split("/")[: self.sequence_levels]
        return Entry(
            name,
            files,
            split=found[2] if found else "",
            group="/".join(levels),
            attributes=self.attributes(name),
        )

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        kept = self._without_unread(paths)
        items = sorted(super().pairs(kept), key=lambda item: natural_order(item.name))
        items = _in_order(items)
        if any(isinstance(item, Entry) and item.split for item in items):
            yield from items
        else:
            yield from self._in_lists(items, paths)

    def _found(self, path: str) -> tuple[str, str, str] | None:
        """Tell field, name and split of an image."""
        stem, _, suffix = path.rpartition(".")
        if suffix.lower() not in IMAGE_SUFFIXES:
            return None
        for field, place in self._places:
            if found := place.name(stem):
                return field, *found
        return None

    def _without_unread(self, paths: Sequence[str]) -> list[str]:
        kept: list[str] = []
        unread: list[str] = []
        for path in paths:
            stem, _, suffix = path.rpartition(".")
            image = suffix.lower() in IMAGE_SUFFIXES
            known = image and any(place.name(stem) for place in self._unread)
            (unread if known else kept).append(path)
        self.leave_out(unread, "images of this layout that are not read")
        return kept

    def leave_out(self, paths: Sequence[str], what: str) -> None:
        """Leave files out, and tell it."""
        if paths:
            self.left_out.update(paths)
            self.remarks.append(f"{what}: {len(paths)} (e.g. {told(paths[0])})")

    def _in_lists(
        self, items: Sequence[Entry | Problem], paths: Sequence[str]
    ) -> Iterator[Entry | Problem]:
        lists = (SplitLists(self.files, paths, pattern) for pattern in self.split_lists)
        first = next((own for own in lists if own.paths), None)
        yield from items if first is None or not items else self.in_lists(items, first)


class Place:
    """A pattern of paths without suffix, in which ``{split}`` may stand once."""

    def __init__(self, text: str) -> None:
        before, found, _ = text.partition(SPLIT)
        self._text = text
        self._split = before.count("*") if found else None
        self._pattern = Pattern(text.replace(SPLIT, "*"))
        self.levels = self._pattern.stars

    def name(self, path: str) -> tuple[str, str] | None:
        """Give the name of a path's pair, and its split; None if the path does not fit."""
        name = self._pattern.name(path)
        if name is None or self._split is None:
            return None if name is None else (name, "")
        captures = self._pattern.captures(name)
        split = split_of_word(captures[self._split])
        captures[self._split] = split
        return ("/".join(captures), split) if split else None

    def filled(self, levels: Sequence[str]) -> str:
        """Write the path of a pair's image, whatever its suffix."""
        if len(levels) != self.levels:
            return f"{self._text}.*"
        return f"{self._pattern.filled('/'.join(levels))}.*"


def _in_order(items: Sequence[Entry | Problem]) -> list[Entry | Problem]:
    """Number the frames of every sequence."""
    frames: Counter[str] = Counter()
    numbered: list[Entry | Problem] = []
    for item in items:
        if isinstance(item, Entry) and item.group:
            item = replace(item, frame=frames[item.group])
            frames[item.group] += 1
        numbered.append(item)
    return numbered
