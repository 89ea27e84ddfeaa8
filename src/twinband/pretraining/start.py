"""Where pretraining begins: a model with its masking, from scratch or from other weights."""

from pathlib import Path
from typing import Any

from twinband.masking.registry import build
from twinband.models.checkpoints import read_weights
from twinband.models.mspecgene import MSpecGene
from twinband.models.warm_start import encoder_from_vit, mspecgene_from_mae
from twinband.params.pretrain import Pretraining
from twinband.pretraining.build import WEIGHTS
from twinband.pretraining.configured import as_parameters, configured

SCRATCH = "none.json"  # stands in models/ for no weights at all


def started_model(method: Pretraining, start: Path, where: str) -> MSpecGene:
    """The model of a method, ready to be trained.

    Args:
        start: the folder of a model that a stage wrote (of the stage ``mae``: its encoder, and its
            decoder for both modalities), a file with the weights of a ViT (its encoder, in any
            layout of ``models.layouts``), or ``SCRATCH``.
        where: the method's path in params.yaml, for errors.

    Raises:
        InputError: weights are missing or do not fit.
        ParamsError: options that a model or sampler has not.
    """
    model = configured(MSpecGene, method.model, method.data.image_px, method.options, where)
    rows, columns = model.config.grid
    arm = method.masking.arm
    options: dict[str, Any] = dict(method.masking.options[arm])
    with as_parameters(f"{where}.masking.options.{arm}"):
        model.sampler = build(
            arm,
            patches=rows * columns,
            mask_ratio=method.masking.mask_ratio,
            seed=method.training.seed,
            **options,
        )
    if start.name == SCRATCH:
        return model
    weights = read_weights(start / WEIGHTS if start.is_dir() else start)
    if weights.kind == "mae":
        mspecgene_from_mae(model, weights.tensors)
    else:
        encoder_from_vit(model.encoder, weights.tensors)
    return model
