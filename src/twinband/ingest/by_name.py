"""Layouts that tell by a path which field of which pair a file is."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from twinband.core.errors import told
from twinband.ingest.layout import PAIR, Entry, Layout, Problem, collides
from twinband.ingest.pair_names import PairNames
from twinband.ingest.split_lists import SplitLists


class ByName(Layout):
    """A layout that tells by a path which field of which pair it is.

    Class attributes:
        required: the fields without which there is no pair; any other is a label.

    Attributes:
        is_loose: whether a part of the names is not compared: of two files of one field none can
            then be taken for the right one.
    """

    required: ClassVar[Sequence[str]] = ("rgb", "thermal")
    is_loose = False

    @abstractmethod
    def place(self, path: str) -> tuple[str, str] | None:
        """Tell a file's field and the name of its pair; None if it is none of the layout's."""

    @abstractmethod
    def expected(self, field: str, name: str) -> str:
        """Name the place where the file of a field is looked for, to be shown to people."""

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        """Make the pair of these files; layouts that know more of it say so."""
        return Entry(name, files)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        """Find every pair, and a problem for a file that is alone or one too many."""
        files_of: dict[str, dict[str, str]] = {}
        unclear: dict[str, str] = {}
        for path in paths:
            place = self.place(path)
            if place is None:
                continue
            field, name = place
            first = files_of.setdefault(name, {}).setdefault(field, path)
            if first is not path:
                detail = f"{path} and {first} are both the {field} of {name!r}; remove one"
                unclear.setdefault(name, f"{detail}, or compare more of the names")
                yield Problem(path, {field: path}, "key_collision", detail)
        self._tell_lone_labels(files_of)
        for name, files in files_of.items():
            if set(PAIR).isdisjoint(files):
                continue
            if self.is_loose and name in unclear:
                yield Problem(name, files, "key_collision", unclear[name])
                continue
            needed = [f for f in self.required if f != "thermal" or not self.thermal_absent]
            missing = [field for field in needed if field not in files]
            yield self._alone(name, files, missing) if missing else self.entry(name, files)

    def _tell_lone_labels(self, files_of: Mapping[str, Mapping[str, str]]) -> None:
        """Remark on labels without images: of a dataset's parts each may come with all labels."""
        lone = [files for files in files_of.values() if set(PAIR).isdisjoint(files)]
        if lone:
            example = told(next(iter(lone[0].values())))
            self.remarks.append(f"labels without images, left out: {len(lone)} (e.g. {example})")

    def _alone(self, name: str, files: Mapping[str, str], missing: Sequence[str]) -> Problem:
        there = ", ".join(files.values())
        lacking = " and ".join(f"{field} ({self.expected(field, name)})" for field in missing)
        return Problem(name, files, "missing_partner", f"{there}: found no {lacking}")

    def in_lists(
        self,
        items: Sequence[Entry | Problem],
        lists: SplitLists,
        is_dropped: Callable[[str], bool] | None = None,
    ) -> Iterator[Entry | Problem]:
        """Give pairs the splits of lists, and add a problem for each name without a pair.

        Args:
            is_dropped: tells a name that is in a list, but no pair on purpose.
        """
        named = [(i.name, [*i.files.values()]) for i in items if not collides(i)]
        lists.assign(PairNames(named), is_dropped)
        for item in items:
            split = lists.split_of.get(item.name, "")
            yield replace(item, split=split) if isinstance(item, Entry) and split else item
        for name, detail in lists.missing(items[0].files if items else {}):
            yield Problem(told(name), {}, "listed_but_missing", detail)
        self.remarks += lists.remarks()
        if lists.split_of:
            self.split_source = f"lists ({', '.join(lists.paths)})"
