"""Parameters of the stage ``mae``.

Parameters of the stage ``pretrain``.

What pairs a pretraining stage sees, and how.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from twinband.core.params import Params, Scalar, StageParams
from twinband.training.settings import Training


class PretrainingData(Params):
    """Pairs of the pool.

    Attributes:
        fraction: about this share of the pool's pairs, chosen by their names.
        image_px: side of the square crops, as the model wants them.
        shift_tolerance: let thermal crops stand off by up to what each dataset's registration
            tolerates (``register.datasets.D.shift_tolerance_px``).
        decoded_mib: memory-mapped file for images decoded beforehand, at most this large.
    """

    fraction: Annotated[float, Field(gt=0, le=1)]
    image_px: Annotated[int, Field(ge=8)]
    shift_tolerance: bool
    decoded_mib: Annotated[int, Field(ge=0)]


class MaeParams(StageParams):
    """M-SpecGene's stage 0: a masked autoencoder of single images, RGB and thermal alike.

    Attributes:
        model: name of a configuration, ``mae_base`` or ``mae_tiny``.
        options: fields of the configuration (``models.config.MaeConfig``) with other values.
        data: the pairs whose images are seen.
        training: the run.
    """

    model: str
    options: dict[str, Scalar]
    data: PretrainingData
    training: Training


Arm = Literal["random", "fixed", "cmss", "gmm_cmss"]


class Masking(Params):
    """Which patches are visible.

    Attributes:
        arm: the strategy (``twinband.masking``).
        mask_ratio: hidden share of the patches of a pair at the start; every arm shows equally
            many patches, over both modalities.
        options: for each arm that may be chosen, further arguments of its sampler, such as
            ``curriculum``; so that a comparison changes nothing but ``arm``.
    """

    arm: Arm
    mask_ratio: Annotated[float, Field(gt=0, lt=1)]
    options: dict[Arm, dict[str, Scalar]]

    @model_validator(mode="after")
    def _options_of_the_arm(self) -> "Masking":
        if self.arm not in self.options:
            raise ValueError(f"options.{self.arm} is missing; {{}} where the arm needs none")
        return self


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
