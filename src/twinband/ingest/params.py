"""Parameters of the stage ``ingest``."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.outside import Limits
from twinband.core.params import ItemParams, Option, Params

Fraction = Annotated[float, Field(ge=0, le=1)]


class SplitFractions(Params):
    """Shares of the pairs that get each split where the layout itself names none."""

    train: Fraction
    val: Fraction
    test: Fraction

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError("train, val and test must sum to 1")
        return self


class IngestLimits(Limits):
    """Most that is read of one raw file; what has more is quarantined as ``too_large``."""

    section = "ingest.common.limits"


class IngestParams(ItemParams):
    """One dataset.

    Attributes:
        reader: module of ``twinband.readers`` that knows the layout.
        source: the raw folder inside the project, or the committed inventory
            (``data/inventory/NAME.csv``) of a folder or tar below TWINBAND_DATA.
        root: where an inventory's files are, relative to TWINBAND_DATA; empty for a raw folder.
        options: the reader's own options (``twinband datasets`` prints them).
        shards: number of shards; a pair's shard never changes while this number stays.
        frame_stride: of every sequence keep each ``frame_stride``-th frame.
        near_duplicate_bits: two pairs are near duplicates when the perceptual hashes of their
            RGB and thermal images differ in at most this many of 2 x 64 bits and their
            thumbnails agree everywhere; -1 keeps all but exact copies.
        licence: SPDX id, or a short name of the terms; stands in every row of the manifest.
        max_bad_fraction: share of quarantined pairs above which the step stops (exit 4).
        split: used where the layout names no split; whole groups (sequences) go together.
        split_seed: another seed gives another split.
        limits: most that is read of one raw file.
    """

    reader: Name
    source: ProjectPath
    root: str = ""
    options: dict[str, Option] = Field(default_factory=dict)
    shards: Annotated[int, Field(ge=1, le=10_000)]
    frame_stride: Annotated[int, Field(ge=1)] = 1
    near_duplicate_bits: Annotated[int, Field(ge=-1, le=16)]
    licence: str
    max_bad_fraction: Fraction
    split: SplitFractions
    split_seed: int
    limits: IngestLimits = IngestLimits()
