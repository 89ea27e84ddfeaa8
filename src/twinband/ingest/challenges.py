"""Attributes of tracking sequences, flags such as LI for low illumination, as toolkits list them.

The attribute ``challenges`` of a pair names those of its sequence, with blanks between them.
"""

import re
from collections.abc import Mapping, Sequence

from twinband.core.errors import BadSample, told
from twinband.ingest.files import Files

ATTRIBUTE = "challenges"
ORDER = "SequencesName.txt"
FLAGS = {"0": False, "1": True}
FACT = Mapping[str, Mapping[str, str]]


def by_challenge(files: Files, folder: str, names: Mapping[str, str], remarks: list[str]) -> FACT:
    """Read a list a challenge (``LI.txt``) with a flag for each sequence.

    Args:
        folder: of the lists, and of ``SequencesName.txt``, which gives their order; without it
            sequences are taken in order of name.
        names: of the sequences by their folders.
        remarks: lists that cannot be used are told there, and left out.
    """
    lists = [path for path in files.paths() if re.fullmatch(f"{folder}/[A-Za-z]+\\.txt", path)]
    order = f"{folder}/{ORDER}"
    sequences = _words(files, order, remarks) if order in lists else sorted(names.values())
    found: dict[str, list[str]] = {name: [] for name in sequences}
    for path in lists:
        if path == order:
            continue
        flags = _flags(files, path, len(sequences), remarks)
        for name, flag in zip(sequences, flags, strict=False):
            found[name] += [path.rpartition("/")[2].removesuffix(".txt")] if flag else []
    return _by_folder(names, found) if len(lists) > 1 or (lists and order not in lists) else {}


def by_sequence(
    files: Files,
    folder: str,
    names: Mapping[str, str],
    challenges: Sequence[str],
    remarks: list[str],
) -> FACT:
    """Read a list a sequence (``SEQUENCE.txt``) with a flag for each of the ``challenges``."""
    there = set(files.paths())
    found: dict[str, list[str]] = {}
    for name in names.values():
        path = f"{folder}/{name}.txt"
        if path in there and (flags := _flags(files, path, len(challenges), remarks)):
            found[name] = [word for word, flag in zip(challenges, flags, strict=True) if flag]
    return _by_folder(names, found)


def _by_folder(names: Mapping[str, str], found: Mapping[str, Sequence[str]]) -> FACT:
    return {
        folder: {ATTRIBUTE: " ".join(found[name])}
        for folder, name in names.items()
        if found.get(name)
    }


def _flags(files: Files, path: str, count: int, remarks: list[str]) -> list[bool]:
    """Read flags; nothing, and a remark, if there are not so many or one is none."""
    words = _words(files, path, remarks)
    if len(words) != count or not all(word in FLAGS for word in words):
        remarks.append(
            f"{told(path)}: left out, for it has not a 0 or 1 for each of {count}, but "
            f"{len(words)} words"
        )
        return []
    return [FLAGS[word] for word in words]


def _words(files: Files, path: str, remarks: list[str]) -> list[str]:
    try:
        return re.findall(r"[^,;\s]+", files.text(path))
    except BadSample as error:
        remarks.append(error.detail)
        return []
