"""Parameters of the stage ``cmss_mixture``."""

from typing import Annotated

from pydantic import Field, field_validator

from twinband.params.base import StageParams


class CmssMixtureParams(StageParams):
    """What the measure looks like over all data.

    Attributes:
        datasets: that are pooled, each with the weight of its patches.
        components: of the mixtures, pooled and by dataset.
        most_components: up to which the Bayesian information criterion may choose.
        quantile: the share of all values that the normaliser is not exceeded by.
    """

    datasets: Annotated[list[str], Field(min_length=1)]
    components: Annotated[int, Field(ge=1)]
    most_components: Annotated[int, Field(ge=1)]
    quantile: Annotated[float, Field(gt=0, le=1)]

    @field_validator("datasets")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named more than once: {', '.join(repeated)}")
        return names
