"""Fresh models by the parameters of a stage.

Where pretraining begins: a model with its masking, from scratch or from other weights.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from twinband.core.params import ParamsError, Scalar
from twinband.masking.sampler import open_arm
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.config import build
from twinband.networks.warm_start import encoder_from_vit, mspecgene_from_mae
from twinband.networks.weights import read_weights
from twinband.pretraining.build import WEIGHTS
from twinband.pretraining.params import Pretraining

Model = TypeVar("Model", bound=nn.Module)


def configured(
    kind: type[Model], name: str, image_px: int, options: Mapping[str, Scalar], where: str
) -> Model:
    """A freshly initialised model of a stage's parameters.

    Args:
        kind: what the stage trains.
        where: the path of these parameters in params.yaml, for the error.

    Raises:
        ParamsError: an unknown model or option, or a model of another kind.
    """
    settings: dict[str, Any] = {"image_px": image_px, **options}
    with as_parameters(where):
        model = build(name, **settings)
        if not isinstance(model, kind):
            raise ValueError(f"{name} is a {type(model).__name__}, and no {kind.__name__}")
        return model


@contextmanager
def as_parameters(where: str) -> Iterator[None]:
    """What a constructor does not take is the fault of the parameters that were handed to it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ParamsError([f"{where}: {error}"]) from None


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
        model.sampler = open_arm(
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
