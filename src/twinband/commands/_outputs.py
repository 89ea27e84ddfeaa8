"""Names of what commands write, checked before anything is read that takes long.

Here ``os.path`` looks at the disk: unlike ``Path`` it raises nothing over names that are too long.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twinband.cli import UsageError
from twinband.core.errors import InputError, told


def check_folder(out: Path) -> None:
    """Check that ``out`` is a folder, or can become one.

    Raises:
        UsageError: it, or a folder above it, is a file.
    """
    for place in (out, *out.parents):
        if os.path.isdir(place):  # noqa: PTH112
            return
        if os.path.lexists(place):
            raise UsageError(f"{told(str(place))} is a file; -o names a folder")


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Tell in one line if ``out`` cannot be written to.

    Raises:
        UsageError: for want of rights, space or a name that the disk takes.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{told(str(out))} cannot be written to: {why}") from None


def check_files(files: Iterable[Path]) -> None:
    """Check that files are there; what is in them shows when they are read.

    Raises:
        InputError: one is missing, or a folder.
    """
    for file in files:
        if os.path.isdir(file):  # noqa: PTH112
            raise InputError(f"{told(str(file))}: a folder, not a file")
        if not os.path.exists(file):  # noqa: PTH110
            raise InputError(f"{told(str(file))}: no such file")


def check_not_overwritten(files: Iterable[Path], written: Iterable[Path]) -> None:
    """Check that no file that is read would be written over.

    Raises:
        UsageError: one would be.
    """
    read = {os.path.realpath(file) for file in files}
    for path in written:
        if os.path.realpath(path) in read:
            raise UsageError(
                f"{told(str(path))} is one of the images and would be written over; "
                "name another folder by -o"
            )


def distinct_names(files: Sequence[Path]) -> list[str]:
    """Name each file by its stem, or by the shortest end of its path that no other file has.

    ``rgb/0001.png`` and ``thermal/0001.png`` are ``rgb-0001`` and ``thermal-0001``.

    Raises:
        UsageError: a file is named twice.
    """
    paths = [os.path.abspath(file) for file in files]  # noqa: PTH100 (links stay what they are)
    if doubled := [path for path, count in Counter(paths).items() if count > 1]:
        raise UsageError(
            f"{told(doubled[0])} is named {paths.count(doubled[0])} times; once will do"
        )
    ends = [[*_folders(Path(path)), tail] for path, tail in zip(paths, _tails(paths), strict=True)]
    lengths = [1] * len(files)
    while True:
        names = ["-".join(end[-length:]) for end, length in zip(ends, lengths, strict=True)]
        alike = _alike(names)
        longer = [
            min(length + (count > 1), len(end))
            for length, count, end in zip(lengths, alike, ends, strict=True)
        ]
        if longer == lengths:
            return _numbered(names)
        lengths = longer


def _folders(path: Path) -> list[str]:
    return [part.strip("/\\") or "root" for part in path.parent.parts]


def _tails(paths: Sequence[str]) -> list[str]:
    """Name files by their stems; those that share folder and stem by their suffixes too."""
    alike = _alike([os.path.splitext(path)[0] for path in paths])  # noqa: PTH122
    return [
        f"{Path(path).stem}-{Path(path).suffix.lstrip('.')}" if count > 1 else Path(path).stem
        for path, count in zip(paths, alike, strict=True)
    ]


def _alike(names: Sequence[str]) -> list[int]:
    """Count for each name those that a disk which knows no capitals takes for the same."""
    counts = Counter(name.casefold() for name in names)
    return [counts[name.casefold()] for name in names]


def _numbered(names: Sequence[str]) -> list[str]:
    """Number names that are equal after all, as ``a-b/c`` and ``a/b-c`` joined."""
    given: list[str] = []
    for name in names:
        taken = {other.casefold() for other in given}
        numbers = (f"{name}-{number}" for number in range(2, len(names) + 2))
        given.append(next(n for n in (name, *numbers) if n.casefold() not in taken))
    return given
