"""Parameters of the stage ``pool``."""

from typing import Annotated

from pydantic import Field, field_validator

from twinband.params.base import StageParams


class PoolParams(StageParams):
    """Which pairs may be pretrained on.

    Attributes:
        datasets: datasets that are pooled, in order of trust: of two copies the first stays.
        protect: datasets whose test pairs are looked for in the pool and taken out of it.
        near_duplicate_bits: as in ``ingest.common``, here between datasets.
        hold_out: file of ``dataset/name`` patterns, one a line (``*`` and ``?`` allowed), whose
            pairs, and near duplicates of them, are taken out of the pool.
    """

    datasets: list[str]
    protect: list[str]
    near_duplicate_bits: Annotated[int, Field(ge=-1, le=16)]
    hold_out: str

    @field_validator("datasets", "protect")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named more than once: {', '.join(repeated)}")
        return names
