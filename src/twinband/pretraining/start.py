"""Where pretraining begins: a model with its masking, from scratch or from other weights."""

from pathlib import Path
from typing import Any, cast

from twinband import masking
from twinband.errors import InputError
from twinband.models.checkpoints import read_weights
from twinband.models.mspecgene import MSpecGene
from twinband.models.registry import build
from twinband.models.warm_start import encoder_from_vit, mspecgene_from_mae
from twinband.params.pretrain import Pretraining
from twinband.pretraining.build import WEIGHTS

SCRATCH = "none.json"  # stands in models/ for no weights at all


def started_model(method: Pretraining, start: Path) -> MSpecGene:
    """The model of a method, ready to be trained.

    Args:
        start: the folder of a model that a stage wrote (of the stage ``mae``: its encoder, and its
            decoder for both modalities), a file with the weights of a ViT (its encoder, in any
            layout of ``models.layouts``), or ``SCRATCH``.

    Raises:
        InputError: weights are missing or do not fit; options that a model or sampler has not.
    """
    options: dict[str, Any] = {"image_px": method.data.image_px, **method.options}
    try:
        model = cast(MSpecGene, build(method.model, **options))
        rows, columns = model.config.grid
        model.sampler = masking.build(
            method.masking.arm,
            patches=rows * columns,
            mask_ratio=method.masking.mask_ratio,
            seed=method.training.seed,
            **cast(dict[str, Any], method.masking.options[method.masking.arm]),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"pretrain: {error}") from None
    if start.name == SCRATCH:
        return model
    weights = read_weights(start / WEIGHTS if start.is_dir() else start)
    if weights.kind == "mae":
        mspecgene_from_mae(model, weights.tensors)
    else:
        encoder_from_vit(model.encoder, weights.tensors)
    return model
