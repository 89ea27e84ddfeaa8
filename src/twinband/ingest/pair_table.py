"""A table of pairs: for files whose names do not tell which belong together."""

import csv
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from twinband.core.errors import BadSample, InputError, told
from twinband.ingest.files import BAD_CHARACTER, Files, read_lines
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.pair_names import LIST_SUFFIXES, PairNames
from twinband.ingest.split_words import KNOWN_WORDS, split_of_word
from twinband.ingest.stated import delimiter_of

IMAGES = ("rgb", "thermal")
LABELS = ("semantics", "saliency", "depth", "boxes")


def read_pairs(files: Files, paths: Sequence[str], table: str) -> Iterator[Entry | Problem]:
    """Read the pairs of a table, CSV or JSON, by the files that it names.

    Files may be named by their paths in any form, or by the ends of these. A pair is called by the
    column ``name``, or by the path of its RGB image without the suffix.

    Raises:
        InputError: there is no such table, or it lacks a column, or names a split that is none.
    """
    place = table.replace("\\", "/").removeprefix("./")
    if place not in paths:
        if "/" not in place and _is_deeper(place, paths):
            return
        raise InputError(
            f"{files.root}: pairs_file: there is no {told(table)} in it; {_advice(place, paths)}"
        )
    rows = _json_rows(files, place) if place.lower().endswith(".json") else _rows(files, place)
    fields = (*IMAGES, *LABELS)
    named = {row[field] for _, row in rows for field in fields if row.get(field)}
    found = _files_of(named, paths)
    taken: dict[str, str] = {}
    for where, row in rows:
        yield _pair(where, row, found, taken)


def _advice(place: str, paths: Sequence[str]) -> str:
    """Say what to do for a table that is not among the dataset's files.

    One elsewhere is never read: the inventory does not hold it fast, so that the stage would not
    run again when it changes, and other machines would not have it.
    """
    ends = [path for path in paths if place.endswith(f"/{path}")]
    if ends:
        return f"write its path within the dataset: pairs_file={told(max(ends, key=len))}"
    name = place.rpartition("/")[2]
    return (
        "one elsewhere is not read, since ingest depends on the dataset's own files: copy it into "
        f"the dataset's folder or archive and write pairs_file={told(name)}"
    )


def _is_deeper(place: str, paths: Sequence[str]) -> bool:
    """Tell if the table lies in a folder around everything, which is looked into later."""
    return any(PurePosixPath(path).name == place for path in paths)


def _pair(
    where: str, row: Mapping[str, str], found: Mapping[str, set[str]], taken: dict[str, str]
) -> Entry | Problem:
    files, wrong = {}, ""
    for field in (*IMAGES, *LABELS):
        text = row.get(field, "")
        if not text and field in LABELS:
            continue
        there = found.get(text, set())
        if len(there) == 1:
            files[field] = next(iter(there))
            continue
        why = f"{told(text)}, which is not there" if text else "no file"
        if there:
            why = f"{told(text)}, which may be {' or '.join(sorted(there)[:2])}"
        wrong = wrong or f"{where} names as {field} {why}"
    name = row.get("name") or _without_suffix(files.get("rgb") or row.get("rgb") or where)
    if wrong:
        return Problem(f"{name} ({where})", files, "missing_partner", wrong)
    for field in IMAGES:
        if first := taken.get(files[field]):
            detail = f"{where}: {files[field]} is in the pair of {first} already; remove a line"
            return Problem(f"{name} ({where})", files, "key_collision", detail)
    taken.update({files[field]: where for field in IMAGES})
    columns = {*IMAGES, *LABELS, "name", "split"}
    attributes = {key: value for key, value in row.items() if value and key not in columns}
    return Entry(name, files, split=split_of_word(row.get("split", "")), attributes=attributes)


def _rows(files: Files, table: str) -> list[tuple[str, dict[str, str]]]:
    lines = read_lines(files, table)
    reader = csv.DictReader(lines, delimiter=delimiter_of(lines))
    rows = []
    try:
        columns = [column.strip().lower() for column in reader.fieldnames or ()]
        if missing := [field for field in IMAGES if field not in columns]:
            there = ", ".join(filter(None, columns)) or "nothing"
            raise _bad(files, table, f"its first line has no column {missing[0]}, but {there}")
        if len(set(columns)) < len(columns):
            raise _bad(files, table, "two of its columns have one name")
        for row in reader:
            if None in row:
                raise _bad(files, table, f"line {reader.line_num} has more cells than columns")
            cells = zip(columns, row.values(), strict=True)
            own = {column: _cell(cell) for column, cell in cells}
            if not any(own.values()):
                continue
            word = own.get("split", "")
            if word and not split_of_word(word):
                why = f"line {reader.line_num}: the split {word!r} is none of {KNOWN_WORDS}"
                raise _bad(files, table, why)
            rows.append((f"{table} line {reader.line_num}", own))
    except csv.Error as error:
        raise _bad(files, table, f"line {reader.line_num} cannot be read ({error})") from None
    return rows


def _json_rows(files: Files, table: str) -> list[tuple[str, dict[str, str]]]:
    try:
        pairs = json.loads(files.text(table))
    except BadSample as error:
        raise InputError(f"{files.root}: {error.detail}") from None
    except (ValueError, RecursionError) as error:
        raise _bad(files, table, f"it cannot be read ({error})") from None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise _bad(files, table, "it does not map each RGB file to a thermal one")
    return [
        (f"{table} entry {number}", {"rgb": _cell(rgb), "thermal": _cell(thermal)})
        for number, (rgb, thermal) in enumerate(pairs.items(), 1)
    ]


def _cell(text: str | None) -> str:
    return BAD_CHARACTER.sub("\ufffd", unicodedata.normalize("NFC", text or "")).strip()


def _files_of(texts: set[str], paths: Sequence[str]) -> dict[str, set[str]]:
    """Find the files that texts name: as they stand there, or else by what their paths end with."""
    there = set(paths)
    found = {text: {text} for text in texts if text in there}
    of_form: dict[str, list[str]] = {}
    for path in paths:
        of_form.setdefault(_without_suffix(path), []).append(path)
    names = PairNames((form, [form]) for form in of_form)
    for text, forms in names.found(texts - found.keys()).items():
        candidates = [path for form in forms for path in of_form[form]]
        found[text] = set(_of_suffix(text, candidates))
    return found


def _of_suffix(text: str, candidates: Sequence[str]) -> list[str]:
    """Keep the candidates of the same suffix, in capitals or not, if the text has one."""
    suffix = text.rpartition(".")[2].lower()
    if suffix not in LIST_SUFFIXES:
        return list(candidates)
    return [path for path in candidates if path.rpartition(".")[2].lower() == suffix]


def _without_suffix(path: str) -> str:
    folder, slash, file = path.rpartition("/")
    return f"{folder}{slash}{file.rpartition('.')[0] or file}"


def _bad(files: Files, table: str, why: str) -> InputError:
    return InputError(f"{files.root}: {told(table)} is no table of pairs: {told(why)}")
