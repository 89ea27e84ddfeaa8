"""Published scores with their sources, and the protocol that each belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

from twinband.scoring.score import Score


@dataclass(frozen=True, slots=True)
class Anchor:
    """A published score.

    Attributes:
        name: of the method, as its authors write it.
        values: by the names of ``Score.values``.
        source: where it was read.
        protocol: what ``Score.protocol`` must say for the two to be comparable.
    """

    name: str
    values: Mapping[str, float]
    source: str
    protocol: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A published score beside one of ours; ``why`` says what differs if not ``comparable``."""

    name: str
    values: Mapping[str, float]
    source: str
    comparable: bool
    why: str


ANCHORS: Mapping[str, tuple[Anchor, ...]] = {}


def comparable(task: str, score: Score) -> list[Row]:
    """List the published scores of a task, those of the score's own protocol first."""
    rows = [_row(anchor, score) for anchor in ANCHORS.get(task, ())]
    return sorted(rows, key=lambda row: not row.comparable)


def _row(anchor: Anchor, score: Score) -> Row:
    differences = [
        f"{key} {value}, here {score.protocol.get(key, 'unknown')}"
        for key, value in anchor.protocol.items()
        if score.protocol.get(key) != value
    ]
    return Row(anchor.name, anchor.values, anchor.source, not differences, "; ".join(differences))
