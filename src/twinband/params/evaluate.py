"""Parameters of the stage ``evaluate``."""

from typing import Annotated, ClassVar

from pydantic import Field

from twinband.params.base import Params, Scalar, StageParams


class Evaluation(Params):
    """One model on one benchmark; its key in params.yaml is ``BENCHMARK-MODEL``.

    Attributes:
        benchmark: module of ``twinband.benchmarks``.
        dataset: ingested dataset that it runs on.
        options: the benchmark's own options.
        seed: of everything random in it.
    """

    benchmark: str
    dataset: str
    options: dict[str, Scalar]
    seed: Annotated[int, Field(ge=0)]


class EvaluateParams(StageParams):
    """The ``evaluate`` section."""

    axis: ClassVar[str | None] = "items"
    items: dict[str, Evaluation]
