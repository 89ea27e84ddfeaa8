"""Lists that name the pairs of a split, one a line."""

from collections.abc import Collection, Iterator, Sequence

from twinband.readers._base import Problem
from twinband.readers._by_name import IMAGE_SUFFIXES
from twinband.readers._files import Files, read_lines

# The words that lists are named by. What stands in several counts for the last: a pair that is
# tested on is never trained on.
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


class SplitLists:
    """The lists of a dataset that follow one pattern, such as ``{split}.txt``.

    Attributes:
        split_of: split of each name as it stands in the lists, without the suffix of an image.
        repeated: names that stand in the lists of two splits; ``test`` counts before ``val``
            before ``train``.
    """

    def __init__(self, files: Files, paths: Sequence[str], pattern: str) -> None:
        self.split_of: dict[str, str] = {}
        self.repeated: set[str] = set()
        self._list_of: dict[str, str] = {}
        present = set(paths)
        for word, split in SPLIT_WORDS.items():
            path = pattern.replace("{split}", word)
            if path in present:
                self._add(path, split, read_lines(files, path))

    def _add(self, path: str, split: str, lines: Sequence[str]) -> None:
        for name in filter(None, map(_without_suffix, lines)):
            if self.split_of.get(name, split) != split:
                self.repeated.add(name)
            self.split_of[name] = split
            self._list_of[name] = path

    def missing(self, known: Collection[str]) -> Iterator[Problem]:
        """One problem for each listed name that is not ``known``."""
        for name in sorted(self.split_of.keys() - set(known)):
            detail = f"{self._list_of[name]} names {name!r}, but there is no such pair"
            yield Problem(name, {}, "listed_but_missing", detail)

    def remarks(self) -> list[str]:
        """What had to be decided, in plain words."""
        if not self.repeated:
            return []
        example = min(self.repeated)
        return [
            f"{len(self.repeated)} names stand in the lists of two splits (e.g. {example}); "
            "test counts before val, val before train"
        ]


def _without_suffix(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem if suffix.lower() in IMAGE_SUFFIXES else name
