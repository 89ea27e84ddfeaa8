"""Frames of two modalities, paired by the numbers in their names and never by position."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from twinband.ingest.files import natural_order

NUMBER = re.compile(r"\d+")
LEAST_COMMON = 0.5  # of the shorter modality: with fewer, numbers do not tell what goes together

Paths = Sequence[str]
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Paired:
    """A sequence's moments in order, each the files of it by field; one field where one is missing.

    Attributes:
        moments: all of them.
        places: of each moment among all that the names tell of, which more than one file may be of.
        numbers: of each moment, where one number of the names tells them apart; else empty.
        strays: field and path of files that are named otherwise than the frames, such as copies.
        why: says why the frames could not be paired at all; ``moments`` then mean nothing.
    """

    moments: Sequence[Mapping[str, str]]
    strays: Sequence[tuple[str, str]]
    why: str = ""
    places: Sequence[int] = ()
    numbers: Sequence[int] = ()


def paired(fields: Mapping[str, Paths]) -> Paired:
    """Pair the frames of two modalities, given by field, by what their names have in common.

    Numbers count as numbers (``7v`` with ``0007i``), and those that stay the same throughout one
    modality, as that of a camera does, not at all. If no number is common to both, but they differ
    by the same throughout, that is their relation. Of two files of one number none is taken.
    """
    usual = {field: usual_names(paths) for field, paths in fields.items()}
    named = {path for paths in usual.values() for path in paths}
    strays = [(field, path) for field in fields for path in fields[field] if path not in named]
    if not all(usual.values()):
        moments = [{field: path} for field, paths in usual.items() for path in paths]
        return Paired(moments, strays, places=range(len(moments)))
    for key in _ways(usual):
        moments, places, keys = _matched(usual, key)
        common = sum(len(files) == len(usual) for files in moments)
        if common >= LEAST_COMMON * min(map(len, usual.values())):
            known = {path for files in moments for path in files.values()}
            twice = [(f, path) for f, paths in usual.items() for path in paths if path not in known]
            return Paired(moments, [*strays, *twice], "", places, telling_numbers(keys))
    together = zip_longest(*usual.values())
    moments = [{f: p for f, p in zip(usual, files, strict=True) if p} for files in together]
    why = "the numbers in their names do not tell which belong together"
    return Paired(moments, strays, why, range(len(moments)))


def usual_names(paths: Paths) -> list[str]:
    """Keep, in natural order, the paths that are named as most are; all if no form prevails."""
    forms = Counter(map(_form, paths))
    [(usual, count)] = forms.most_common(1) or [("", 0)]
    kept = [path for path in paths if 2 * count <= len(paths) or _form(path) == usual]
    return sorted(kept, key=natural_order)


def telling_numbers(keys: Sequence[Key]) -> Sequence[int]:
    """Give the one number by which frames differ, of each; empty if there is none, or several."""
    if len({len(key) for key in keys}) != 1:
        return []
    columns = [column for column in zip(*keys, strict=True) if len(set(column)) > 1]
    if len(columns) != 1:
        return []
    numbers = [number for number in columns[0] if isinstance(number, int)]
    return numbers if len(numbers) == len(keys) else []


def _ways(usual: Mapping[str, Paths]) -> Iterator[Callable[[str, str], Key]]:
    """Give ways to make a key of a field and a path, the most telling first."""
    numbers = {field: [_numbers(path) for path in paths] for field, paths in usual.items()}
    widths = {len(own) for rows in numbers.values() for own in rows}
    yield lambda field, path: _numbers(path) or tuple(natural_order(_stem(path)))
    if len(widths) > 1 or widths == {0}:
        return
    width = widths.pop()
    changing = [
        column
        for column in range(width)
        if any(len({row[column] for row in rows}) > 1 for rows in numbers.values())
    ] or [width - 1]
    yield lambda field, path: tuple(_numbers(path)[column] for column in changing)
    for column in reversed(changing):
        yield lambda field, path, column=column: (_numbers(path)[column],)  # type: ignore[misc]
        first = {field: rows[0][column] for field, rows in numbers.items()}
        steps = {tuple(row[column] - rows[0][column] for row in rows) for rows in numbers.values()}
        if len(steps) == 1:
            yield lambda field, path, column=column, first=first: (  # type: ignore[misc]
                _numbers(path)[column] - first[field],
            )


def _matched(
    usual: Mapping[str, Paths], key: Callable[[str, str], Key]
) -> tuple[list[dict[str, str]], list[int], list[Key]]:
    """Put files of one key together, in order; files whose key is not unique are left out.

    Returns:
        The files of each moment by field, its place among all keys, and its key.
    """
    found: dict[Key, dict[str, list[str]]] = {}
    for field, paths in usual.items():
        for path in paths:
            found.setdefault(key(field, path), {}).setdefault(field, []).append(path)
    moments, places, keys = [], [], []
    for place, own in enumerate(sorted(found)):
        files = {field: paths[0] for field, paths in found[own].items() if len(paths) == 1}
        if files:
            moments.append(files)
            places.append(place)
            keys.append(own)
    return moments, places, keys


def _form(path: str) -> str:
    return NUMBER.sub("#", _stem(path))


def _numbers(path: str) -> tuple[int, ...]:
    return tuple(map(int, NUMBER.findall(_stem(path))))


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
