"""Files of predictions and truths: rows of numbers, folders of sequences, images by their stems."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.scoring.score import bad_line

Rows = NDArray[np.float64]  # n,columns
# .npy: maps of numbers that no image holds
IMAGES = frozenset({".npy", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
CLUTTER = frozenset({"Thumbs.db", ".DS_Store", "__MACOSX"})


def read_text(path: Path) -> str:
    """Read a text file, with or without a byte-order mark.

    Raises:
        InputError: there is no such file, or it is empty, or no text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: no text; a text file was expected") from None
    if not text.strip():
        raise InputError(f"{path}: line 1: the file is empty")
    return text


def read_lines(path: Path) -> list[str]:
    """Read the lines of a list, stripped, without blank ones; CRLF and back-ticks are as any.

    Raises:
        InputError: there is no such file, or it is empty, or no text.
    """
    return [line.strip() for line in read_text(path).splitlines() if line.strip()]


def read_rows(path: Path, columns: Sequence[int]) -> Rows:
    """Read rows of numbers, separated by commas, blanks or tabs; blank lines at the end are none.

    Args:
        columns: the numbers of columns that a row may have; all rows have as many.

    Raises:
        InputError: a row that is no row of numbers, with its line; or no rows at all.
    """
    lines = read_text(path).rstrip().splitlines()
    words = [line.replace(",", " ").split() for line in lines]
    expected = len(words[0])
    allowed = " or ".join(map(str, columns))
    for number, row in enumerate(words, 1):
        if len(row) not in columns:
            raise bad_line(path, number, f"{len(row)} numbers, where a row has {allowed}")
        if len(row) != expected:
            raise bad_line(path, number, f"{len(row)} numbers, where line 1 has {expected}")
    try:
        rows = np.array(words, np.float64)
    except ValueError:
        raise _first_word(path, words) from None
    finite = np.isfinite(rows).all(1)
    if not finite.all():
        number = int(np.argmin(finite))
        raise bad_line(path, number + 1, f"{lines[number].strip()!r} holds what is not finite")
    return rows


def _first_word(path: Path, words: Sequence[Sequence[str]]) -> InputError:
    for number, row in enumerate(words, 1):
        for word in row:
            try:
                float(word)
            except ValueError:
                return bad_line(path, number, f"{word!r} is no number")
    return InputError(f"{path}: no rows of numbers")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: there is no such file, or it is not JSON, with the line.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise bad_line(path, error.lineno, f"not JSON: {error.msg}") from None


def files_of(folder: Path, suffix: str) -> dict[str, Path]:
    """List the files of a folder that end in ``suffix``, by their names without it, in order.

    Raises:
        InputError: there is no such folder, or it has no such file.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.iterdir() if path.is_file() and _kept(path))
    found = {path.name.removesuffix(suffix): path for path in paths if path.name.endswith(suffix)}
    if not found:
        raise InputError(f"{folder}: no files *{suffix}")
    return found


def folders_of(folder: Path) -> dict[str, Path]:
    """List the folders of a folder by name, in order.

    Raises:
        InputError: there is no such folder, or it has none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    found = {path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and _kept(path)}
    if not found:
        raise InputError(f"{folder}: no folders of sequences")
    return found


def images_of(place: Path) -> dict[str, Path]:
    """List the images of a folder by stem, in order; a file is a folder of one.

    Raises:
        InputError: there are none, or two of the same stem.
    """
    if place.is_file():
        return {place.stem: place}
    if not place.is_dir():
        raise InputError(f"{place}: no such file or folder")
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()):
        if path.suffix.lower() in IMAGES and path.is_file() and _kept(path):
            if path.stem in found:
                raise InputError(f"{path}: a second image named {path.stem}")
            found[path.stem] = path
    if not found:
        raise InputError(f"{place}: no images ({', '.join(sorted(IMAGES))})")
    return found


def image_sets(truth: Path, *others: Path) -> list[tuple[str, tuple[Path, ...]]]:
    """Pair the images of folders by stem; single files are paired as they are.

    Returns:
        The stem in ``truth``, and the paths of the truth and of each of the others.

    Raises:
        InputError: an image of ``truth`` lacks a partner, or another has none in ``truth``.
    """
    places = (truth, *others)
    if all(place.is_file() for place in places):
        return [(truth.stem, places)]
    listed = [images_of(place) for place in places]
    for place, images in zip(others, listed[1:], strict=True):
        missing = [stem for stem in listed[0] if stem not in images]
        if missing:
            raise InputError(
                f"{place}: {len(missing)} of {len(listed[0])} images are missing, the first is "
                f"{missing[0]} ({listed[0][missing[0]]})"
            )
        extra = [stem for stem in images if stem not in listed[0]]
        if extra:
            raise InputError(
                f"{images[extra[0]]}: no image of this name in {truth} ({len(extra)} such)"
            )
    return [(stem, tuple(images[stem] for images in listed)) for stem in listed[0]]


def _kept(path: Path) -> bool:
    return path.name not in CLUTTER and not path.name.startswith("._")
