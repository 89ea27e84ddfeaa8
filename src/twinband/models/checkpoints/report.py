"""The account of a checkpoint that was loaded: what became of each of its tensors."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHOWN = 64  # lines of a kind


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
    """List items under a title; blocks are one item, N for their number, and so are a layer's
    weight and bias."""
    alike: dict[str, Counter[str]] = {}
    for item in items:
        of_block = re.sub(r"(\S+?)(?<!ffn\.layers)\.\d+\.(\S+)", r"\1.N.\2", item)
        kind = re.search(r"(?<=\.)(weight|bias)\b", of_block)
        name = re.sub(r"(?<=\.)(weight|bias)\b", "*", of_block)
        alike.setdefault(name, Counter())[kind[1] if kind else ""] += 1
    if not alike:
        return []
    lines = []
    for name, kinds in alike.items():
        count = max(kinds.values())
        lines.append(
            f"    {name.replace('*', '/'.join(kinds))}{f' (x{count})' if count > 1 else ''}"
        )
    more = len(lines) - SHOWN
    return [f"  {title}:", *lines[:SHOWN], *([f"    and {more} kinds more"] if more > 0 else [])]
