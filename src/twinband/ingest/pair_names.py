"""Pairs by the names that lists and tables call them by: names, stems, paths of any form."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

from twinband.ingest.files import IMAGE_SUFFIXES

LIST_SUFFIXES = IMAGE_SUFFIXES | {"xml", "txt", "json"}  # a list may name labels for images
DRIVE = re.compile(r"[A-Za-z]:")


class PairNames:
    """Finds the pair that a text means: by its name, or a path that ends as one of its files does.

    Paths may be relative, absolute of any machine, begin with ``./`` or be written with
    backslashes; suffixes are left out of account. Of several pairs that fit all are told.
    """

    def __init__(self, named: Iterable[tuple[str, Collection[str]]]) -> None:
        self._names: set[str] = set()
        self._forms: dict[str, set[str]] = {}
        self._flat: dict[str, set[str]] = {}
        self._below: dict[str, set[str]] | None = None
        for name, paths in named:
            self._names.add(name)
            for form in (plain(name), name.replace("/", "_"), *map(plain, paths)):
                self._forms.setdefault(form, set()).add(name)
            if "/" not in name:
                for path in paths:
                    self._flat.setdefault(plain(path).rpartition("/")[2], set()).add(name)

    def found(self, texts: Iterable[str]) -> Mapping[str, set[str]]:
        """Find the pairs of each text; those that fit none are left out."""
        wanted = {text: plain(text) for text in texts}
        shorter: dict[str, set[str]] = {form: set() for form in wanted.values()}
        for form, names in self._forms.items():
            for end in _ends(form):
                if end in shorter:
                    shorter[end] |= names
        found = {text: self._of(text, form, shorter[form]) for text, form in wanted.items()}
        return {text: names for text, names in found.items() if names}

    def below(self, text: str) -> set[str]:
        """Find the pairs of a folder or sequence that a text names as their names begin."""
        if self._below is None:
            self._below = {}
            for name in self._names:
                for begin in _beginnings(name):
                    self._below.setdefault(begin, set()).add(name)
        return self._below.get(plain(text), set())

    def _of(self, text: str, form: str, shorter: set[str]) -> set[str]:
        for name in (text, form):
            if name in self._names:
                return {name}
        if form in self._forms or shorter:
            return self._forms.get(form) or shorter
        longest = next((end for end in _ends(form) if end in self._forms), "")
        return self._forms.get(longest) or self._flat.get(form.rpartition("/")[2], set())


def plain(path: str) -> str:
    """Write a path or name with slashes, without what leads to it and without its suffix."""
    path = unicodedata.normalize("NFC", path.strip().strip("\"'").replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if parts and DRIVE.fullmatch(parts[0]):
        parts = parts[1:]
    stem, _, suffix = parts[-1].rpartition(".") if parts else ("", "", "")
    return "/".join([*parts[:-1], stem] if stem and suffix.lower() in LIST_SUFFIXES else parts)


def _ends(form: str) -> Iterator[str]:
    """List the shorter ends of a path, the longest first."""
    while "/" in form:
        form = form.partition("/")[2]
        yield form


def _beginnings(name: str) -> Iterator[str]:
    """List the folders that a name stands in."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
