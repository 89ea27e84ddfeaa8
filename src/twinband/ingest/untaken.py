"""Images that no rule of a layout took, counted: no part of a dataset is silently missing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from twinband.core.errors import told
from twinband.ingest.files import IMAGE_SUFFIXES

SHOWN_KINDS = 4
# Of these none can be decoded, but they are images that somebody may miss.
FURTHER_SUFFIXES = frozenset(
    {"dng", "fff", "gif", "heic", "jfif", "jp2", "jpe", "pgm", "ppm", "webp"}
)
IMAGES = IMAGE_SUFFIXES | FURTHER_SUFFIXES
# The truth that a rendered world keeps beside its pairs; no reader may look at it.
RENDERED_TRUTH = ("truth/depth/", "truth/instances/", "truth/semantics/")


def count_untaken(paths: Iterable[str], taken: Collection[str]) -> dict[str, int]:
    """Count images that are not ``taken`` by folder and suffix, as in ``visible/*.JPG``."""
    counts: Counter[str] = Counter()
    for path in paths:
        folder, slash, file = path.rpartition("/")
        _, dot, suffix = file.rpartition(".")
        is_image = dot and suffix.lower() in IMAGES and not path.startswith(RENDERED_TRUTH)
        if is_image and path not in taken:
            counts[f"{folder}{slash}*.{suffix}"] += 1
    return dict(sorted(counts.items()))


def in_words(untaken: Mapping[str, int], example: str = "") -> str:
    """Say in one line how many images no pattern took, and which; empty if there are none."""
    if not untaken:
        return ""
    most = sorted(untaken.items(), key=lambda kind: (-kind[1], kind[0]))
    kinds = [f"{told(kind)} ({count})" for kind, count in most[:SHOWN_KINDS]]
    if rest := most[SHOWN_KINDS:]:
        kinds.append(f"{sum(count for _, count in rest)} more in other folders")
    number = sum(untaken.values())
    noun, fit = ("image", "fits") if number == 1 else ("images", "fit")
    shown = f", e.g. {told(example)}" if example else ""
    return f"{number} {noun} {fit} no pattern: {', '.join(kinds)}{shown}"


def first_untaken(paths: Iterable[str], taken: Collection[str], kinds: Mapping[str, int]) -> str:
    """Give the first image of the most frequent kind that was not taken; empty if all were."""
    kind = max(kinds, key=lambda own: (kinds[own], own), default="")
    folder, _, suffix = kind.rpartition("*")
    fitting = (
        path
        for path in paths
        if path not in taken
        and path.startswith(folder)
        and path.endswith(suffix)
        and "/" not in path[len(folder) :]
    )
    return next(fitting, "")
