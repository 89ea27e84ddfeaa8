"""Lists of the pairs of each split, in any of the forms in which lists are written."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from twinband.core.errors import InputError, told
from twinband.ingest.files import Files, read_lines
from twinband.ingest.pair_names import PairNames, plain
from twinband.ingest.split_words import SPLIT_WORDS, split_of_word

MOST_MISSING = 100_000  # names of a list that are no pair's: then it is of another dataset
FIRST_CELL = re.compile(r"[^\s,;]+")
# Whatever the reader, these are lists of splits if they name pairs.
PATTERNS = ("{split}.txt", "ImageSets/Main/{split}.txt", "ImageSets/{split}.txt")


class SplitLists:
    """Lists of a dataset that follow one pattern, such as ``{split}.txt``.

    A line is a name, a path, or one of these and further columns; or it names a whole sequence.

    Attributes:
        paths: the lists that there are.
        split_of: split by the name of a pair, once the pairs are known.
        repeated: pairs in the lists of two splits; ``test`` counts before ``val`` before ``train``.
        unknown: lines that name no pair, or more than one, with the list and the reason.
    """

    def __init__(self, files: Files, paths: Sequence[str], pattern: str) -> None:
        self._files = files
        self._lists = dict(sorted(_lists(paths, pattern), key=lambda own: _order(own[1])))
        self.paths = sorted(self._lists)
        self.split_of: dict[str, str] = {}
        self.repeated: set[str] = set()
        self.unknown: dict[str, tuple[str, str]] = {}

    def assign(self, names: PairNames, is_dropped: Callable[[str], bool] | None = None) -> None:
        """Find the pair of every line.

        Args:
            is_dropped: tells a name that is in the list, but no pair on purpose.

        Raises:
            InputError: a list cannot be read.
        """
        for path, split in self._lists.items():
            lines = [line for line in read_lines(self._files, path) if line[:1] not in ("", "#")]
            cells = {line: FIRST_CELL.match(line) for line in lines}
            texts = [*lines, *(cell[0] for cell in cells.values() if cell)]
            found = names.found(texts)
            for line, cell in cells.items():
                pairs = found.get(line) or found.get(cell[0] if cell else "") or set()
                together = set() if pairs else names.below(cell[0] if cell else line)
                for name in pairs if len(pairs) == 1 else together:
                    self._put(name, split)
                if len(pairs) == 1 or together:
                    continue
                if is_dropped is None or not is_dropped(plain(line)):
                    self.unknown[plain(line) or line] = (path, _why(pairs))

    def missing(self, example: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Say of each line that names no pair what is wrong.

        Args:
            example: files of a pair, to show in which form a list may name it.

        Raises:
            InputError: there are too many for a list of this dataset.
        """
        if len(self.unknown) > MOST_MISSING:
            name, (path, _) = min(self.unknown.items())
            raise InputError(
                f"{len(self.unknown)} listed pairs are not there (e.g. {path} names "
                f"{told(repr(name))}); is this a list of another dataset?"
            )
        shown = example.get("rgb", "")
        form = f"; a list names a pair, or the path of its image, such as {shown}" if shown else ""
        for name, (path, why) in sorted(self.unknown.items()):
            yield name, f"{path} names {name!r}, {why}{form}"

    def remarks(self) -> list[str]:
        """Say in plain words what had to be decided."""
        if not self.repeated:
            return []
        example = told(min(self.repeated))
        return [
            f"{len(self.repeated)} names stand in the lists of two splits (e.g. {example}); "
            "test counts before val, val before train"
        ]

    def _put(self, name: str, split: str) -> None:
        if self.split_of.get(name, split) != split:
            self.repeated.add(name)
        self.split_of[name] = split


def lists_like(paths: Sequence[str]) -> list[str]:
    """Find texts that seem to be lists of splits, such as ``align_train.txt``."""
    texts = (path for path in paths if path.lower().endswith(".txt"))
    return [path for path in texts if any(map(split_of_word, _words(path)))]


def _words(path: str) -> list[str]:
    return re.split(r"[^A-Za-z]+", path.rpartition("/")[2])


def _lists(paths: Sequence[str], pattern: str) -> Iterator[tuple[str, str]]:
    first, *rest = pattern.replace("\\", "/").removeprefix("./").split("{split}")
    if not rest:
        return
    same = "(?P=split)".join(map(_loose, rest))
    expression = re.compile(f"{_loose(first)}(?P<split>[^/]+?){same}")
    for path in paths:
        match = expression.fullmatch(path)
        if match and (split := split_of_word(match["split"])):
            yield path, split


def _loose(text: str) -> str:
    """Let ``*`` and ``?`` be any part of a name, as in ``{split}-all-*.txt``."""
    return "[^/]*".join(map(re.escape, re.split(r"[*?]+", text)))


def _order(split: str) -> int:
    return list(SPLIT_WORDS.values()).index(split)


def _why(pairs: set[str]) -> str:
    if not pairs:
        return "but there is no such pair"
    first, second = sorted(pairs)[:2]
    return f"which may be {told(first)} or {told(second)}"
