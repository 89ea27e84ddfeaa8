"""Parameters of the stages ``cmss`` and ``cmss_mixture``."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twinband.core.names import ProjectPath
from twinband.core.params import ItemParams, Params, StageParams

AtLeastOne = Annotated[int, Field(ge=1)]


class MixtureParams(Params):
    """Mixtures and normaliser that are fitted to a histogram of the measure.

    Attributes:
        components: of the mixture that datasets are compared by.
        most_components: up to which the Bayesian information criterion may choose.
        quantile: quantile of the values that becomes 1.
    """

    components: AtLeastOne
    most_components: AtLeastOne
    quantile: Annotated[float, Field(gt=0, le=1)]


class CmssParams(ItemParams):
    """One dataset; all but ``model`` is the same for every one, so that they can be pooled.

    Attributes:
        model: folder of the model in whose embedding of patches and positions is measured:
            ``models/mae``, or one that ``twinband import-vit`` wrote.
        image_px: images are resized to this square; a multiple of the encoder's patches.
        variance: ``product`` of both modalities' variances, or thermal's squared
            (``first_squared``, as the published code computes it).
        low: log10 of the least value that is counted by itself.
        high: log10 of the first value beyond.
        bins: from ``low`` to ``high``.
        mixture: what is fitted.
        batch: pairs that are embedded at once.
        threads: of PyTorch, in each worker.
        maps: example pairs that are drawn.
    """

    model: ProjectPath
    image_px: AtLeastOne
    variance: Literal["product", "first_squared"]
    low: float
    high: float
    bins: AtLeastOne
    mixture: MixtureParams
    batch: AtLeastOne = 8
    threads: AtLeastOne = 1
    maps: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        return self


class CmssMixtureParams(StageParams):
    """The measure over all data; it has no section of its own.

    Attributes:
        datasets: that were measured, each pooled with the weight of its patches.
        mixture: what is fitted, pooled and by dataset.
    """

    derived: ClassVar[Mapping[str, str]] = {
        "datasets": "cmss.items",
        "mixture": "cmss.common.mixture",
    }

    datasets: Annotated[list[str], Field(min_length=1)]
    mixture: MixtureParams
