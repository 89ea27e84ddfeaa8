"""Folders of sequences: the list of a benchmark, its true boxes, results and attributes.

A benchmark's list is a file beside or above its truth; without one, every sequence of the folder
counts. Result files may share a prefix (``JMMAC_BlackCar.txt``), as published ones do.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinband.core.errors import InputError
from twinband.scoring.files import files_of, read_lines, read_rows
from twinband.scoring.score import bad_line

LISTS = ("SequencesName.txt", "lashertest.txt", "testingsetList.txt")
_NEAR = ("", "attr_txt")  # where lists lie, seen from the truth's folder and the one above


@dataclass(frozen=True, slots=True)
class Layout:
    """Files of a benchmark's truth.

    Attributes:
        name: of the benchmark.
        folders: where the sequences may lie below the path that is given.
        files: the files of one sequence's truth, ``{}`` for its name; the first forms that exist.
        count: of sequences in the official list.
        digest: sha256 of the official list's sorted names, one a line; empty if not known here.
    """

    name: str
    folders: tuple[str, ...]
    files: tuple[tuple[str, ...], ...]
    count: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    """Sequences of a benchmark on disk.

    Attributes:
        layout: of the benchmark.
        folder: that holds the sequences.
        names: of the sequences in the order of the list.
        files: of one sequence's truth, ``{}`` for its name.
        list_file: the list; None if all sequences of the folder are taken.
    """

    layout: Layout
    folder: Path
    names: tuple[str, ...]
    files: tuple[str, ...]
    list_file: Path | None

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return the files of a sequence's truth."""
        return tuple(self.folder / pattern.format(name) for pattern in self.files)

    def describe(self) -> str:
        """Tell which list of sequences this is, and whether it is the official one."""
        layout, count = self.layout, len(self.names)
        digest = hashlib.sha256("\n".join(sorted(self.names)).encode()).hexdigest()
        if count == layout.count and digest == (layout.digest or digest):
            return f"{layout.name} ({count} sequences)"
        return f"{count} sequences (sha256 {digest[:12]}), not the {layout.count} of {layout.name}"


def open_truth(place: Path, layout: Layout) -> Truth:
    """Find the list and the sequences of a benchmark.

    Raises:
        InputError: there are no sequences, or a listed one has no truth, or is listed twice.
    """
    for folder in (place / below for below in layout.folders):
        for files in layout.files:
            found = _sequences(folder, files[0])
            if found:
                return _listed(layout, folder, files, found)
    expected = " or ".join(" and ".join(files) for files in layout.files).format("NAME", "NAME")
    raise InputError(f"{place}: no sequences of {layout.name}: {expected} was expected")


def _sequences(folder: Path, pattern: str) -> list[str]:
    if "/" in pattern:
        file = pattern.partition("/")[2]
        return sorted(path.parent.name for path in folder.glob(f"*/{file}"))
    ending = pattern.removeprefix("{}")
    names = (path.name for path in folder.glob(f"*{ending}") if path.name not in LISTS)
    return sorted(name.removesuffix(ending) for name in names)


def _listed(layout: Layout, folder: Path, files: tuple[str, ...], found: Sequence[str]) -> Truth:
    near = (base / below / name for base in (folder, folder.parent) for below in _NEAR
            for name in LISTS)  # fmt: skip
    list_file = next((path for path in near if path.is_file()), None)
    if list_file is None:
        return Truth(layout, folder, tuple(found), files, None)
    names = read_lines(list_file)
    there, seen = set(found), set[str]()
    for number, name in enumerate(names, 1):
        if name not in there:
            raise bad_line(list_file, number, f"no truth of sequence {name} in {folder}")
        if name in seen:
            raise bad_line(list_file, number, f"sequence {name} is listed twice")
        seen.add(name)
    return Truth(layout, folder, tuple(names), files, list_file)


def result_files(folder: Path, truth: Truth) -> tuple[dict[str, Path], list[str]]:
    """Find the result of every sequence, and remarks on files that are of none.

    Raises:
        InputError: a sequence has no result.
    """
    files = files_of(folder, ".txt")
    prefix = _prefix(files, truth.names)
    missing = [name for name in truth.names if prefix + name not in files]
    if missing:
        listed = f"the list {truth.list_file}" if truth.list_file else f"the truth {truth.folder}"
        raise InputError(
            f"{folder}: {len(missing)} of {len(truth.names)} sequences of {listed} have no result; "
            f"{folder / f'{prefix}{missing[0]}.txt'} is the first missing file"
        )
    used = {prefix + name for name in truth.names}
    extra = [path for stem, path in files.items() if stem not in used]
    remarks = [
        f"{path}: of no sequence of the list, not scored ({len(extra)} such files)"
        for path in extra[:1]
    ]
    return {name: files[prefix + name] for name in truth.names}, remarks


def _prefix(files: Mapping[str, Path], names: Sequence[str]) -> str:
    """Guess what stands before the sequences' names: what fits most of them, if anything does."""
    exact = sum(name in files for name in names)
    found = Counter(
        stem.removesuffix(name) for name in names for stem in files if stem.endswith(name)
    )
    best, count = max(found.items(), key=lambda item: item[1], default=("", 0))
    return best if count > exact else ""


ATTRIBUTES = (
    *("NO", "PO", "TO", "HO", "MB", "LI", "HI", "AIV", "LR", "DEF"),
    *("BC", "SA", "CM", "TC", "FL", "OV", "FM", "SV", "ARC"),
)


def attributes(truth: Truth) -> dict[str, list[str]]:
    """Read which sequences have each attribute.

    Either ``attr_txt`` holds a file an attribute with a 0 or 1 for each sequence of its list, or
    ``AttriSeqsTxt`` a file a sequence with LasHeR's 19 flags; both lie beside the truth.

    Raises:
        InputError: there is neither, or a file does not have a flag for each.
    """
    for base in (truth.folder, truth.folder.parent):
        if (base / "attr_txt").is_dir():
            return _by_attribute(base / "attr_txt", truth)
        if (base / "AttriSeqsTxt").is_dir():
            return _by_sequence(base / "AttriSeqsTxt", truth)
    raise InputError(
        f"{truth.folder}: no attributes: attr_txt/ or AttriSeqsTxt/ was looked for here and above"
    )


def _by_attribute(folder: Path, truth: Truth) -> dict[str, list[str]]:
    own = folder / LISTS[0]
    names = read_lines(own) if own.is_file() else truth.names
    known = set(truth.names)
    return {
        attribute: [
            name for name, flag in zip(names, _flags(path, len(names)), strict=True)
            if flag and name in known
        ]
        for attribute, path in files_of(folder, ".txt").items()
        if path != own
    }  # fmt: skip


def _by_sequence(folder: Path, truth: Truth) -> dict[str, list[str]]:
    flags = {name: list(_flags(folder / f"{name}.txt", len(ATTRIBUTES))) for name in truth.names}
    return {
        attribute: [name for name in truth.names if flags[name][number]]
        for number, attribute in enumerate(ATTRIBUTES)
    }


def _flags(path: Path, count: int) -> Iterator[bool]:
    rows = read_rows(path, (1, count))
    if rows.size != count:
        raise bad_line(path, len(rows), f"{rows.size} flags, where {count} were expected")
    return (bool(flag) for flag in rows.ravel())
