"""Facts of pairs that stand beside the images: ``attributes.csv``, lists of the splits."""

import csv
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from twinband.core.errors import InputError, told
from twinband.ingest.files import BAD_CHARACTER, Files, read_lines
from twinband.ingest.pair_names import PairNames
from twinband.ingest.split_lists import PATTERNS, SplitLists, lists_like
from twinband.ingest.split_words import KNOWN_WORDS, split_of_word
from twinband.ingest.view import View

# At a dataset's root: attributes of its pairs that the layout cannot express.
ATTRIBUTES_FILE = "attributes.csv"
DELIMITERS = ",;\t"
SPLIT_COLUMN = "split"


@dataclass
class Stated:
    """Attributes and splits by the name of a pair, where the splits stand, and remarks."""

    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    split_of: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def source(self, of_layout: str) -> str:
        """Name all that the splits come from, what counts first at the end."""
        return ", then ".join(filter(None, [of_layout, *self.sources]))


def stated_beside(view: View, pairs: Mapping[str, Collection[str]], of_layout: str) -> Stated:
    """Read what is stated of ``pairs``, which are their files by name.

    Lists such as ``train.txt``, and a folder around everything that is called ``train``, count if
    the layout itself names no split; a column ``split`` always does.

    Args:
        of_layout: where the layout's own splits come from; empty if it names none.

    Raises:
        InputError: a table or list cannot be read, or names a split that is none.
    """
    stated = Stated()
    if of_layout:
        _remark_on_lists(view, of_layout, stated)
    else:
        _read_lists(view, pairs, stated)
        if not stated.sources:
            _look_around(view, pairs, stated)
    _read_table(view, pairs, stated)
    return stated


def _remark_on_lists(view: View, of_layout: str, stated: Stated) -> None:
    for pattern in PATTERNS:
        shown = ", ".join(SplitLists(view, view.paths(), pattern).paths)
        if shown and shown not in of_layout:
            stated.remarks.append(f"{shown}: not read, since the splits come from {of_layout}")


def _read_lists(view: View, pairs: Mapping[str, Collection[str]], stated: Stated) -> None:
    """Read the first lists that name pairs, those at the top before those in ``ImageSets``."""
    paths = view.paths()
    for pattern in PATTERNS:
        lists = SplitLists(view, paths, pattern)
        if lists.paths:
            lists.assign(PairNames(pairs.items()))
        if not lists.split_of:
            continue
        shown = ", ".join(lists.paths)
        stated.sources.append(f"lists ({shown})")
        stated.split_of.update(lists.split_of)
        stated.remarks += lists.remarks()
        if lists.unknown:
            count = f"{len(lists.unknown)} lines name no pair (e.g. {told(min(lists.unknown))})"
            stated.remarks.append(f"{shown}: {count}")
        return
    if seeming := lists_like(paths):
        stated.remarks.append(
            f"{told(', '.join(seeming[:4]))}: seem to be lists of splits, but are not read; "
            "paired_folders reads those of the option split_files"
        )


def _look_around(view: View, pairs: Mapping[str, Collection[str]], stated: Stated) -> None:
    """Take the split from a folder around everything, such as that of a set's training half."""
    for folder in reversed(view.within.split("/")):
        if split := split_of_word(folder):
            stated.split_of.update(dict.fromkeys(pairs, split))
            stated.sources.append(f"folder ({told(folder)})")
            return


def _read_table(view: View, pairs: Mapping[str, Collection[str]], stated: Stated) -> None:
    table = read_attributes(view)
    if not table and view.outer:
        table = read_attributes(view.outer)
    found = PairNames(pairs.items()).found(table) if table else {}
    unknown: list[str] = []
    names_splits = False
    for text, columns in table.items():
        own = dict(columns)
        word = next((own.pop(key) for key in columns if _is_split_column(key)), "")
        names_splits |= bool(word)
        split = _checked(view, word, text) if word else ""
        meant = found.get(text, set())
        if len(meant) != 1:
            unknown.append(text)
            continue
        [name] = meant
        stated.attributes.setdefault(name, {}).update(own)
        if split:
            stated.split_of[name] = split
    if names_splits and len(unknown) == len(table):
        raise _bad_table(view, f"it states splits, but no line names a pair (e.g. {unknown[0]!r})")
    if names_splits:
        stated.sources.append(f"column {SPLIT_COLUMN} of {ATTRIBUTES_FILE}")
    if unknown:
        count = f"{len(unknown)} (e.g. {told(min(unknown))})"
        stated.remarks.append(f"lines of {ATTRIBUTES_FILE} that name no pair, ignored: {count}")


def _is_split_column(column: str) -> bool:
    return column.strip().lower() == SPLIT_COLUMN


def _checked(view: View, word: str, name: str) -> str:
    """Tell the split that a cell names.

    Raises:
        InputError: it names none.
    """
    split = split_of_word(word)
    if not split:
        raise InputError(
            f"{view.root}: {ATTRIBUTES_FILE}: the split of {told(name)} is {told(word)!r}; "
            f"write one of {KNOWN_WORDS}, or call the column otherwise if it means something else"
        )
    return split


def read_attributes(files: View) -> Mapping[str, Mapping[str, str]]:
    """Read ``attributes.csv``: columns by the name of a pair; nothing if there is no such file.

    Empty cells say nothing, so what the layout derives stays.

    Raises:
        InputError: it is no table, has no column ``name`` or one twice, a line with too many
            cells, or two lines that say different things of one pair.
    """
    if not files.has(ATTRIBUTES_FILE):
        return {}
    lines = read_lines(files, ATTRIBUTES_FILE)
    rows = csv.DictReader(lines, delimiter=delimiter_of(lines))
    attributes: dict[str, dict[str, str]] = {}
    try:
        columns = rows.fieldnames or ()
        if "name" not in columns:
            raise _bad_table(files, "it needs a first line with a column `name`")
        if len(set(columns)) < len(columns):
            raise _bad_table(files, "two of its columns have one name")
        for row in rows:
            if None in row:
                raise _bad_table(files, f"line {rows.line_num} has more cells than columns")
            own = {k: BAD_CHARACTER.sub("\ufffd", v) for k, v in row.items() if v and k != "name"}
            name = unicodedata.normalize("NFC", row["name"] or "")
            if attributes.setdefault(name, own) != own:
                raise _bad_table(files, f"line {rows.line_num} says otherwise of {name!r}")
    except csv.Error as error:
        raise _bad_table(files, f"line {rows.line_num} cannot be read ({error})") from None
    return attributes


def delimiter_of(lines: Sequence[str]) -> str:
    """Tell what parts the cells of a table, by its first line."""
    return max(DELIMITERS, key=(lines[0] if lines else "").count)


def _bad_table(files: Files, why: str) -> InputError:
    return InputError(f"{files.root}: {ATTRIBUTES_FILE} is no table of attributes: {told(why)}")
