"""The public datasets that a reader reads: names, expected counts, terms, known defects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Task = Literal["detection", "segmentation", "saliency", "tracking", "fusion", "classification"]


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a dataset, as it was published.

    Counts are expectations: a copy that differs is told, never refused.

    Attributes:
        pairs: of all splits; 0 if it is not known.
        splits: pairs by split, where the authors name splits.
        unit: what is counted, ``pairs`` or ``sequences``.
    """

    pairs: int
    splits: Mapping[str, int] = field(default_factory=dict)
    unit: Literal["pairs", "sequences"] = "pairs"


@dataclass(frozen=True, slots=True)
class About:
    """The public sets of one layout, for people who look for theirs.

    Attributes:
        title: name in full, with authors or venue and year.
        task: what its labels are for.
        releases: by name, as people write it (``VT5000``).
        images: size, sensors, bits, and how well both images fit, in one sentence.
        labels: kinds, classes in the order of their ids, generations.
        splits: where the splits come from, in one sentence.
        terms: of use, in a few words; a user's copy may say otherwise.
        defects: known ones, each with what becomes of it here.
        source: paper or project page.
    """

    title: str
    task: Task
    releases: Mapping[str, Release]
    images: str
    labels: str
    splits: str
    terms: str
    source: str
    defects: tuple[str, ...] = ()
