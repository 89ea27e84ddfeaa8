"""Parameters of the stage ``mae``."""

from twinband.params.base import Scalar, StageParams
from twinband.params.pretraining_data import PretrainingData
from twinband.params.training import Training


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
