"""Lists of boxes, one for each sequence, of a layout whose pairs and lists follow patterns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from twinband.core.errors import told
from twinband.ingest.files import Files
from twinband.ingest.layout import PAIR, Entry, Problem, collides
from twinband.ingest.patterns import Pattern
from twinband.ingest.sequences import Paired, telling_numbers
from twinband.ingest.tracks import Tracks

Items = Sequence[Entry | Problem]


def with_tracks(
    items: Items,
    files: Files,
    patterns: Mapping[str, Pattern],
    group_of: Callable[[str], str],
    strict: bool,
) -> tuple[list[Entry | Problem], list[str]]:
    """Give the frames of sequences their lines of the lists that follow ``patterns``.

    Args:
        items: in natural order of name; frames without a partner count as frames too.
        patterns: of the lists by label; what they capture is the name of a sequence.
        group_of: tells the sequence of a pair by its name.
        strict: a list that cannot be read is an error, and no row of its own.

    Returns:
        The pairs with their lines, problems of the lists, and remarks.

    Raises:
        InputError: a list cannot be read, and labels are read strictly.
    """
    lists, remarks = _lists(files, patterns)
    groups: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        if not collides(item) and not set(PAIR).isdisjoint(item.files):
            groups.setdefault(group_of(item.name), []).append(place)
    if lone := sorted(lists.keys() - groups.keys()):
        remarks.append(f"lists of boxes without frames: {len(lone)} (e.g. of {told(lone[0])})")
    tracks = Tracks(files, 1, strict)
    found = list(items)
    for group in sorted(lists.keys() & groups.keys()):
        places, own = groups[group], lists[group]
        moments = _moments([items[place] for place in places], group)
        fields = {field: [f[field] for f in moments.moments if field in f] for field in PAIR}
        for place, lines in zip(places, tracks.beside(fields, moments, own), strict=True):
            item = items[place]
            if isinstance(item, Entry):
                shared = {**item.shared, **lines}
                found[place] = replace(item, files={**item.files, **own}, shared=shared)
    return [*found, *tracks.problems], [*remarks, *tracks.remarks()]


def _lists(
    files: Files, patterns: Mapping[str, Pattern]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Find the lists of each sequence by label."""
    lists: dict[str, dict[str, str]] = {}
    remarks = []
    paths = files.paths()
    for label, pattern in patterns.items():
        named = [(name, path) for path in paths if (name := pattern.name(path)) is not None]
        for name, path in named:
            lists.setdefault(name, {})[label] = path
        if not named:
            remarks.append(f"no list of boxes is like {told(pattern.text)}")
    return lists, remarks


def _moments(items: Items, group: str) -> Paired:
    images = [{f: path for f, path in item.files.items() if f in PAIR} for item in items]
    names = [item.name.removeprefix(f"{group}/") for item in items]
    numbers = [tuple(map(int, re.findall(r"\d+", name))) for name in names]
    return Paired(images, (), "", range(len(images)), telling_numbers(numbers))
