"""The account of a checkpoint that was loaded: what became of each of its tensors."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHOWN = 24  # lines of a kind


@dataclass(frozen=True, slots=True)
class Report:
    """The account of one load.

    Attributes:
        layout: of the checkpoint, a key of ``LAYOUTS``.
        sources: the model's key to the checkpoint's keys that it was made of.
        changed: the model's key to what was done beyond copying.
        left_out: the checkpoint's key, or entry of the file, to why it was not used.
        untouched: keys of the model that stay as they were, for the checkpoint has no such part.
    """

    layout: str
    sources: Mapping[str, tuple[str, ...]]
    changed: Mapping[str, str]
    left_out: Mapping[str, str]
    untouched: tuple[str, ...]

    def __str__(self) -> str:
        used = {key for sources in self.sources.values() for key in sources}
        lines = [
            f"layout {self.layout}: {len(self.sources)} tensors of the model from {len(used)} of"
            f" the checkpoint; {len(self.left_out)} left out, {len(self.untouched)} untouched"
        ]
        lines += _section(
            "loaded", (f"{' + '.join(s)} -> {key}" for key, s in self.sources.items())
        )
        lines += _section("changed", (f"{key}: {what}" for key, what in self.changed.items()))
        lines += _section("left out", (f"{key}: {why}" for key, why in self.left_out.items()))
        lines += _section("untouched", self.untouched)
        return "\n".join(lines)


def _section(title: str, items: Iterable[str]) -> list[str]:
    """List items, those that differ in a block's number only as one with N for it."""
    counts = Counter(re.sub(r"(?<=\.)\d+(?=\.)", "N", item) for item in items)
    if not counts:
        return []
    lines = [f"    {item}{f' (x{count})' if count > 1 else ''}" for item, count in counts.items()]
    more = len(lines) - SHOWN
    return [f"  {title}:", *lines[:SHOWN], *([f"    and {more} kinds more"] if more > 0 else [])]
