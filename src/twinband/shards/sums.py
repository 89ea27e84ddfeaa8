"""``SHA256SUMS``: what the files of a folder must be, written by the step that wrote them.

A flipped bit in weights is no error to any reader of tensors: the numbers are others, that is all.
So whoever writes weights writes this list beside them, and whoever reads them checks it first. It
is in the format of coreutils: ``sha256sum -c SHA256SUMS`` does the same.
"""

import hashlib
from pathlib import Path

from twinband.core.errors import InputError
from twinband.shards.write import write_atomically

SUMS = "SHA256SUMS"
DIGITS = 64


def sha256_of(path: Path) -> str:
    """Compute the file's SHA-256, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_sums(*files: Path) -> None:
    """Enter files of one folder, as they are now, into its list; what is gone is left out."""
    [folder] = {file.parent for file in files}
    try:
        listed = read_sums(folder)
    except InputError:
        listed = {}
    kept = {name: digest for name, digest in listed.items() if (folder / name).is_file()}
    kept |= {file.name: sha256_of(file) for file in files}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(kept.items())]
    write_atomically(folder / SUMS, "".join(lines).encode())


def read_sums(folder: Path) -> dict[str, str]:
    """Read the SHA-256 of each listed file, by its name.

    Raises:
        InputError: there is no list, or it is damaged.
    """
    path = folder / SUMS
    try:
        rows = [line.split("  ", 1) for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}). {_mended(folder)}") from None
    if not rows or not all(_is_entry(row) for row in rows):
        raise InputError(f"{path}: no list of SHA-256 and file name a line. {_mended(folder)}")
    return {name: digest for digest, name in rows}


def check_sums(folder: Path, *needed: str) -> None:
    """Check the files that the folder's list names.

    Args:
        needed: names that it has to list. Without any there need be no list: other projects'
            models have none.

    Raises:
        InputError: a file is damaged, not listed or not there; says what to do.
    """
    if not (folder / SUMS).is_file():
        if needed:
            name = needed[0]
            raise InputError(
                f"{folder / name}: no {SUMS} beside it says what it must be. {_mended(folder)}; "
                f"to trust the file as it is: (cd {folder} && sha256sum {name} > {SUMS})"
            )
        return
    for problem in broken_sums(folder, *needed):
        raise InputError(problem)


def broken_sums(folder: Path, *needed: str) -> list[str]:
    """List what is wrong with the files that the folder's list names, or does not name though
    they are needed."""
    try:
        listed = read_sums(folder)
    except InputError as error:
        return [str(error)]
    problems = [f"{folder / n}: {SUMS} does not list it" for n in needed if n not in listed]
    problems += [p for name, digest in listed.items() if (p := _problem(folder / name, digest))]
    return [f"{problem}. {_mended(folder)}" for problem in problems]


def _is_entry(row: list[str]) -> bool:
    return (
        len(row) == 2
        and len(row[0]) == DIGITS
        and set(row[0]) <= set("0123456789abcdef")
        and row[1] == Path(row[1]).name != ""
    )


def _problem(file: Path, promised: str) -> str:
    try:
        same = sha256_of(file) == promised
    except OSError as error:
        return f"{file} cannot be read ({error.strerror})"
    return "" if same else f"{file}: damaged, its SHA-256 is not the one in {SUMS}"


def _mended(folder: Path) -> str:
    return (
        f"`dvc checkout {folder}` (in Git: `git checkout -- {folder}`) brings it back, `dvc repro` "
        "makes it anew"
    )
