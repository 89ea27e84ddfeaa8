"""The words that name a split, and folders that are called so."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from twinband.core.errors import InputError, told

# A pair in several lists counts for the last of them: what is tested on is never trained on.
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
# A year, or what the split is of.
WHAT_FOLLOWS = re.compile(r"(?<=[a-z])[-_ ]?(set|split|data|images|\d{4})$")
KNOWN_WORDS = ", ".join(SPLIT_WORDS)
NO_LEVEL = -1  # of the option `split_level`: folders called train or test are no splits


def split_of_word(word: str) -> str:
    """Tell the split that a word names, in capitals or not; empty if it names none.

    ``Train``, ``test_set`` and ``val2017`` do; ``test1`` may be a sequence.
    """
    return SPLIT_WORDS.get(WHAT_FOLLOWS.sub("", word.strip().lower()), "")


@dataclass(frozen=True, slots=True)
class FolderSplits:
    """Splits by the name of a pair, as folders name them, and ``source``: which folders do."""

    split_of: Mapping[str, str]
    source: str


def by_folders(
    captures: Mapping[str, Sequence[str]],
    paths: Mapping[str, Collection[str]],
    levels: Sequence[int],
) -> FolderSplits:
    """Find the folders that are called ``train``, ``test`` and so on, if there are any.

    Args:
        captures: what each ``*`` stands for, by the name of a pair.
        paths: the images of each pair.
        levels: those of the ``*`` that are folders.

    Raises:
        InputError: some folders are called so and others not, or two levels say different things.
    """
    if not captures:
        return FolderSplits({}, "")
    width = len(next(iter(captures.values())))
    columns = {level: [parts[level] for parts in captures.values()] for level in range(width)}
    words = {level: [split_of_word(part) for part in own] for level, own in columns.items()}
    may_name = range(width) if width > 1 else levels  # train.png alone is a name like any other
    whole = [level for level in may_name if all(words[level])]
    if len({tuple(words[level]) for level in whole}) > 1:
        named = " and ".join(f"level {level + 1} ({_few(columns[level])})" for level in whole)
        raise _unclear(f"{named} are both called by splits and say different things")
    if whole:
        source = f"folder (level {whole[0] + 1})"
        return FolderSplits(dict(zip(captures, words[whole[0]], strict=True)), source)
    for level in levels:
        if any(words[level]):
            odd = _few([part for part in columns[level] if not split_of_word(part)])
            named = _few([part for part in columns[level] if split_of_word(part)])
            raise _unclear(f"level {level + 1} is called {named}, but also {odd}")
    return _by_any_folder(paths)


def _by_any_folder(paths: Mapping[str, Collection[str]]) -> FolderSplits:
    """Look at the folders that no ``*`` captures by itself."""
    found: dict[str, str] = {}
    called: set[str] = set()
    for name, own in paths.items():
        folders = [part for path in own for part in path.split("/")[:-1]]
        named = {part: split for part in folders if (split := split_of_word(part))}
        called |= named.keys()
        if len(set(named.values())) > 1:
            raise _unclear(f"{told(', '.join(own))}: below folders of two splits")
        found.update((name, split) for split in named.values())
    if found and len(found) < len(paths):
        other = next(", ".join(own) for name, own in paths.items() if name not in found)
        raise _unclear(f"some folders are called {_few(called)}, but {told(other)} are in none")
    return FolderSplits(found, f"folder ({_few(called)})" if found else "")


def _few(words: Sequence[str] | set[str]) -> str:
    distinct = sorted(set(words))
    return ", ".join(told(word) for word in distinct[:4]) + (", …" if len(distinct) > 4 else "")


def _unclear(why: str) -> InputError:
    return InputError(
        f"{why}; say which * names the split (split_level=1 is the first; a pair whose folder is "
        f"called by none of {KNOWN_WORDS} is then quarantined), or that none does "
        f"(split_level={NO_LEVEL}), or fit the patterns to the folders that you mean"
    )
