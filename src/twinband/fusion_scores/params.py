"""Parameters of the stage ``evaluate_fusion``."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, OutsideWeights

CONTROLS = ("visible", "infrared")


class EvaluateFusionParams(ItemParams):
    """Comparison of methods on one registered dataset.

    Attributes:
        dataset: the dataset; pairs of other splits than ``train`` are fused.
        methods: modules of ``twinband.fusion_methods`` that need no weights; both controls,
            ``visible`` and ``infrared``, and ``average``, which all others should beat, are among
            them.
        models: items of ``distill_fusion`` and ``train_fusion``.
        pairs: that are fused, at most, evenly over the keys.
        definition: of the metrics, see ``metrics.fusion``.
        segmenter, segmenter_weights, outside: frozen segmenter that judges fused images, as in
            ``distill_fusion``; it must not have seen the pairs.
        classes: name of each id of the dataset's label images among the segmenter's classes.
        threads: of PyTorch.
        seed: of bootstrap draws.
    """

    dataset: Name
    methods: list[Name]
    models: list[Name]
    pairs: Annotated[int, Field(ge=2)]
    definition: Literal["linfeng", "zoo", "standard"]
    segmenter: Name
    segmenter_weights: ProjectPath
    outside: OutsideWeights | None = None
    classes: list[str] = Field(default_factory=list)
    threads: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _with_controls(self) -> Self:
        if absent := {*CONTROLS, "average"} - set(self.methods):
            raise ValueError(f"methods lack {', '.join(sorted(absent))}")
        if twice := set(self.methods) & set(self.models):
            raise ValueError(f"methods and models both name {', '.join(sorted(twice))}")
        return self
