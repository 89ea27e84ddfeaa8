"""Parameters of the stage ``pretrain``."""

from typing import ClassVar, Literal

from twinband.params.base import Params, Scalar, StageParams
from twinband.params.pretraining_data import PretrainingData
from twinband.params.training import Training


class Masking(Params):
    """Which patches are visible.

    Attributes:
        arm: ``random``, ``fixed``, ``cmss`` or ``gmm_cmss`` (``twinband.masking``).
        options: arguments of the arm's sampler, such as ``mask_ratio`` or ``curriculum``.
    """

    arm: Literal["random", "fixed", "cmss", "gmm_cmss"]
    options: dict[str, Scalar]


class Pretraining(Params):
    """One method.

    Attributes:
        model: name of a configuration, such as ``mspecgene_tiny``.
        options: fields of the configuration with other values.
        start: where the weights begin: ``models/mae`` (the stage's encoder and decoders),
            ``models/none.json`` (from scratch), or a file of a ViT's weights (its encoder).
        masking: the arm.
        data: the pairs.
        training: the run.
    """

    model: str
    options: dict[str, Scalar]
    start: str
    masking: Masking
    data: PretrainingData
    training: Training


class PretrainParams(StageParams):
    """The ``pretrain`` section."""

    axis: ClassVar[str | None] = "methods"
    methods: dict[str, Pretraining]
