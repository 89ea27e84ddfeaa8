"""Links within an archive: members that stand for another one, or for a folder of them."""

import posixpath
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import islice, takewhile
from typing import TypeVar

MOST_LINKED_FILES = 1_000_000  # links between folders can multiply
MOST_STEPS = 40  # from link to link, as for Linux

Member = TypeVar("Member")


def followed(members: Mapping[str, Member], links: Mapping[str, str]) -> dict[str, Member]:
    """Put what links lead to in their place, files and folders, if it is in the archive.

    Links that lead to nothing in it stay as they are.

    Args:
        members: by path, links included.
        links: by path what is written in a link, relative to its folder.

    Raises:
        ValueError: the links lead to files without end.
    """
    written = {path: _target(path, text) for path, text in links.items()}
    targets = {path: _end(target, written) for path, target in written.items()}
    plain = {path: own for path, own in members.items() if path not in links}
    files = {path: plain.get(target, members[path]) for path, target in targets.items()}
    found = {**plain, **files}
    paths = sorted(found)
    for path, target in targets.items():
        below = _below(f"{target}/", paths) if target not in plain else []
        if below:
            del found[path]
        inner = {f"{path}/{p[len(target) + 1 :]}": found.get(p) for p in below}
        found.update((p, own) for p, own in inner.items() if own is not None)
        if len(found) > len(members) + MOST_LINKED_FILES:
            raise ValueError(f"its links lead to more than {MOST_LINKED_FILES} files")
    return found


def _target(path: str, text: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


def _end(target: str, written: Mapping[str, str]) -> str:
    """Go on from link to link."""
    for _ in range(MOST_STEPS):
        if target not in written:
            break
        target = written[target]
    return target


def _below(folder: str, paths: Sequence[str]) -> list[str]:
    """Take the paths in a folder from ``paths`` in order."""
    begin = bisect_left(paths, folder)
    return list(takewhile(lambda path: path.startswith(folder), islice(paths, begin, None)))
