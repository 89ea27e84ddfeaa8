"""Parameters of the stage ``evaluate_fusion``."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, OutsideWeights, Params
from twinband.training.settings import TrainingSettings

CONTROLS = ("visible", "infrared")


class RetrainedParams(Params):
    """A segmenter trained anew on the images of one method.

    Attributes:
        method: one of the compared methods; ``none`` trains none, and experiments name one.
        width: channels of the U-Net at its finest level.
        side_px: of square crops.
        training: the run, on pairs of the split ``train``.
    """

    method: Name = "none"
    width: Annotated[int, Field(ge=4, multiple_of=4)] = 16
    side_px: Annotated[int, Field(ge=16)]
    training: TrainingSettings


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
        retrained: a segmenter trained on one method's images besides.
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
    retrained: RetrainedParams | None = None
    classes: list[str] = Field(default_factory=list)
    threads: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _with_controls(self) -> Self:
        if absent := {*CONTROLS, "average"} - set(self.methods):
            raise ValueError(f"methods lack {', '.join(sorted(absent))}")
        if twice := set(self.methods) & set(self.models):
            raise ValueError(f"methods and models both name {', '.join(sorted(twice))}")
        method = self.retrained.method if self.retrained else "none"
        if method not in {"none", *self.methods, *self.models}:
            raise ValueError(f"retrained.method {method} is not among the methods")
        return self
