"""Parameters of the stage ``evaluate``."""

from typing import Annotated, ClassVar

from pydantic import Field

from twinband.core.params import Params, Scalar, StageParams


class Evaluation(Params):
    """One model on one benchmark; its key in params.yaml is ``BENCHMARK-MODEL``.

    Attributes:
        benchmark: module of ``twinband.benchmarks``.
        dataset: registered dataset that it runs on.
        model: path of the evaluated model, from the project's root: a folder of weights that a
            stage made, a ``.json`` in ``models/`` that describes an untrained one, or
            ``models/none.json`` for a benchmark without model.
        options: the benchmark's ``Options``.
        seed: seed of all its random numbers.
    """

    benchmark: str
    dataset: str
    model: Annotated[str, Field(min_length=1)]
    options: dict[str, Scalar]
    seed: Annotated[int, Field(ge=0)]


class EvaluateParams(StageParams):
    """The ``evaluate`` section."""

    axis: ClassVar[str | None] = "items"
    items: dict[str, Evaluation]
