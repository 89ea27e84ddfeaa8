"""Parameters of the stage ``cmss``.

Parameters of the stage ``cmss_mixture``.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from twinband.core.params import Params, StageParams

AtLeastOne = Annotated[int, Field(ge=1)]


class CmssCommon(Params):
    """How the measure is taken and counted; the same for every dataset, so that they can be pooled.

    Attributes:
        model: folder of the model in whose embedding of patches and positions is measured:
            ``models/mae``, or one that ``twinband import-vit`` wrote.
        image_px: images are resized to this square; a multiple of the encoder's patches.
        variance: ``product`` of both modalities' variances, or thermal's squared
            (``first_squared``, as the published code computes it).
        low: log10 of the least value that is counted by itself.
        high: log10 of the first value beyond.
        bins: from ``low`` to ``high``.
        components: of the mixture that datasets are compared by.
        most_components: up to which the Bayesian information criterion may choose.
        quantile: the share of all values that the normaliser is not exceeded by.
        batch: pairs that are embedded at once.
        threads: of PyTorch, in each worker.
        maps: example pairs that are drawn.
    """

    model: str
    image_px: AtLeastOne
    variance: Literal["product", "first_squared"]
    low: float
    high: float
    bins: AtLeastOne
    components: AtLeastOne
    most_components: AtLeastOne
    quantile: Annotated[float, Field(gt=0, le=1)]
    batch: AtLeastOne
    threads: AtLeastOne
    maps: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _low_below_high(self) -> "CmssCommon":
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self


class CmssDataset(Params):
    """One dataset; it has no settings of its own."""


class CmssParams(StageParams):
    """The ``cmss`` section."""

    axis: ClassVar[str | None] = "datasets"
    common: CmssCommon
    datasets: dict[str, CmssDataset]


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
