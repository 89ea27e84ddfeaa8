"""Pairs found by the file names that a label file gives: by the stem, or by the path if need be."""

from collections import Counter
from collections.abc import Mapping, Sequence

from twinband.core.errors import told

Names = Mapping[str, Sequence[str]]  # of each pair: its own name, and paths of its images
IMAGE_SUFFIXES = ("jpg", "jpeg", "png", "bmp", "tif", "tiff")


def pairs_of_files(
    files: Sequence[str], pairs: Names, source: str
) -> tuple[dict[str, str], list[str]]:
    """Find the pair that each file is an image of.

    A stem that two pairs or two files have says nothing by itself: then folders must agree too, in
    as many levels from the end as no other pair's.

    Args:
        files: paths as the label file gives them, relative to who knows what.
        pairs: what each pair may be called by.
        source: the label file, for remarks.

    Returns:
        The pair of each file that has one, and remarks on the others.
    """
    levels = {name: [_levels(path) for path in (name, *paths)] for name, paths in pairs.items()}
    by_stem: dict[str, list[str]] = {}
    for name, known in levels.items():
        for stem in sorted({path[0] for path in known} | {name.replace("/", "_")}):
            by_stem.setdefault(stem, []).append(name)
    named = list(dict.fromkeys(files))
    repeated = Counter(_levels(file)[0] for file in named)
    found: dict[str, str] = {}
    without, unclear = [], []
    for file in named:
        wanted = _levels(file)
        candidates = by_stem.get(wanted[0], [])
        if not candidates:
            without.append(file)
        elif len(candidates) == 1 and repeated[wanted[0]] == 1:
            found[file] = candidates[0]
        elif best := _closest(wanted, candidates, levels):
            found[file] = best
        else:
            unclear.append(file)
    return found, [
        *_remark(source, without, "images that it lists have no pair here"),
        *_remark(source, unclear, "images that it lists may be of several pairs, by their names"),
    ]


def _levels(path: str) -> list[str]:
    """Split a path into the stem and the folders above it, the nearest first."""
    *folders, last = [part for part in path.replace("\\", "/").split("/") if part != "."]
    stem, _, suffix = last.rpartition(".")
    return [stem if stem and suffix.lower() in IMAGE_SUFFIXES else last, *reversed(folders)]


def _closest(
    wanted: Sequence[str], candidates: Sequence[str], levels: Mapping[str, Sequence[Sequence[str]]]
) -> str:
    """Choose the candidate with most equal levels, at least a folder; empty if two have as many."""
    equal = {name: max(_equal(wanted, path) for path in levels[name]) for name in candidates}
    most = max(equal.values())
    best = [name for name, count in equal.items() if count == most]
    return best[0] if most > 1 and len(best) == 1 else ""


def _equal(a: Sequence[str], b: Sequence[str]) -> int:
    """Count the levels from the end up to the first that differs."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        count += 1
    return count


def _remark(source: str, files: Sequence[str], what: str) -> list[str]:
    return [f"{source}: {len(files)} {what} (e.g. {told(files[0])})"] if files else []
