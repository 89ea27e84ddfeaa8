"""Parameters of the stage ``evaluate``."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, Option


class EvaluateParams(ItemParams):
    """One model on one benchmark; its name is ``BENCHMARK-MODEL``.

    ``evaluate.common`` holds for each benchmark what all models are evaluated with.

    Attributes:
        benchmark: module of ``twinband.benchmarks``.
        dataset: registered dataset that it runs on.
        model: path of the evaluated model, from the project's root: a folder of weights that a
            stage made, a ``.json`` in ``models/`` that describes an untrained one, or
            ``models/none.json`` for a benchmark without model.
        code: the code of the model's family in ``src/twinband``, such as ``methods/mspecgene``; of
            an untrained ViT ``methods/mae``, whose encoder it is, and without a model ``networks``.
        options: the benchmark's ``Options``.
        seed: seed of all its random numbers.
    """

    benchmark: Name
    dataset: Name
    model: ProjectPath
    code: ProjectPath
    options: dict[str, Option] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0)] = 0

    @classmethod
    def shared(cls, item: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the key of the benchmark's own part of ``common``."""
        return (str(item.get("benchmark", "")),)
