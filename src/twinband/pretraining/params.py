"""Parameters of the stages ``mae`` and ``pretrain``."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from twinband.core.names import Name, ProjectPath
from twinband.core.params import ItemParams, Option, Params, Scalar, StageParams
from twinband.training.settings import TrainingSettings


class PretrainingData(Params):
    """Pairs of the pool.

    Attributes:
        fraction: about this share of the pool's pairs, chosen by their names.
        image_px: side of the square crops, as the model wants them.
        shift_tolerance: let thermal crops stand off by up to what each dataset's registration
            tolerates (``register.items.D.shift_tolerance_px``).
        decoded_mib: memory-mapped file for images decoded beforehand, at most this large.
    """

    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    image_px: Annotated[int, Field(ge=8)]
    shift_tolerance: bool = False
    decoded_mib: Annotated[int, Field(ge=0)] = 512


class MaeParams(StageParams):
    """M-SpecGene's stage 0: a masked autoencoder of single images, RGB and thermal alike.

    Attributes:
        model: name of a configuration, ``mae_base`` or ``mae_tiny``.
        options: fields of the configuration (``methods.mae.model.MaeConfig``) with other values.
        data: the pairs whose images are seen.
        training: the run.
    """

    model: Annotated[str, Field(pattern="^mae_")]
    options: dict[str, Scalar] = Field(default_factory=dict)
    data: PretrainingData
    training: TrainingSettings


class Masking(Params):
    """Choice of the visible patches.

    Attributes:
        mask_ratio: hidden share of the patches of a pair at the start, by default the arm's own;
            every arm of a method shows equally many patches, over all modalities.
        options: by arm, further arguments of its sampler, such as ``curriculum``; so that a
            comparison changes nothing but ``arm``.
    """

    mask_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None
    options: dict[str, dict[str, Scalar]] = Field(default_factory=dict)


class PretrainParams(ItemParams):
    """One model.

    Attributes:
        method: folder of ``twinband.methods``.
        arm: module of ``twinband.arms``: the strategy that chooses visible patches.
        start: origin of the first weights: ``models/mae`` (the stage's encoder and decoders), a
            folder that ``twinband import-vit`` wrote (its encoder), or ``models/none.json`` (from
            scratch).
        labels: list of labels that are learnt from: ``data/label_pool`` (the stage's), or
            ``data/labels/none.json``; so that new labels train no model anew that uses none.
        model: name of a configuration, such as ``mspecgene_tiny``.
        options: fields of the configuration with other values.
        masking: share of hidden patches, and the arms' options.
        data: the pairs.
        training: the run.
    """

    method: Name
    arm: Name
    start: ProjectPath
    labels: ProjectPath
    model: str
    options: dict[str, Option] = Field(default_factory=dict)
    masking: Masking
    data: PretrainingData
    training: TrainingSettings

    @model_validator(mode="after")
    def _model_of_the_method(self) -> Self:
        if self.model.partition("_")[0] != self.method:
            raise ValueError(f"the model {self.model} is none of the method {self.method}")
        return self
