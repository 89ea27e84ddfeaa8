"""Lists of a split's names, a format that several layouts share."""

from collections.abc import Collection, Iterator, Sequence

from twinband.core.errors import InputError, told
from twinband.ingest.files import Files, read_lines
from twinband.ingest.layout import IMAGE_SUFFIXES, Problem

# The words that lists are named by. A pair in several lists counts for the last of them: what is
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

MOST_MISSING = 100_000  # names of a list that are no pair's: then it is of another dataset


class SplitLists:
    """Lists of a dataset that follow one pattern, such as ``{split}.txt``.

    Attributes:
        split_of: split by name as it stands in the lists, without the suffix of an image.
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
        """Report a problem for every listed name that is not ``known``.

        Raises:
            InputError: there are too many for a list of this dataset.
        """
        names = sorted(self.split_of.keys() - set(known))
        if len(names) > MOST_MISSING:
            example = f"{self._list_of[names[0]]} names {told(repr(names[0]))}"
            raise InputError(
                f"{len(names)} listed pairs are not there (e.g. {example}); is this "
                "a list of another dataset?"
            )
        for name in names:
            detail = f"{self._list_of[name]} names {name!r}, but there is no such pair"
            yield Problem(told(name), {}, "listed_but_missing", detail)

    def remarks(self) -> list[str]:
        """Say in plain words what had to be decided."""
        if not self.repeated:
            return []
        example = told(min(self.repeated))
        return [
            f"{len(self.repeated)} names stand in the lists of two splits (e.g. {example}); "
            "test counts before val, val before train"
        ]


def _without_suffix(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem if suffix.lower() in IMAGE_SUFFIXES else name
