"""Beginnings of pretraining on pairs: a model with its masking, from scratch or other weights."""

import importlib
from pathlib import Path
from typing import Any

from twinband.networks.sampler import Sampler
from twinband.networks.weights import read_weights
from twinband.pretraining.params import PretrainParams
from twinband.pretraining.start import WEIGHTS, as_parameters, configured

ARMS = "twinband.arms"
SCRATCH = "none.json"  # stands in models/ for no weights at all


def open_arm(name: str, **settings: Any) -> Sampler:
    """The masking strategy of the module ``twinband.arms.NAME``.

    Args:
        settings: arguments of its class ``Arm``.

    Raises:
        ValueError: there is no such strategy, or settings are out of their range.
        TypeError: settings that the strategy does not have.
    """
    module = f"{ARMS}.{name}"
    try:
        arm: type[Sampler] = importlib.import_module(module).Arm
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no masking strategy {name} ({module})") from None
    return arm(**settings)


def started_model(params: PretrainParams, start: Path, where: str) -> Any:
    """The model of a method with its masking, ready to be trained.

    Args:
        start: the folder of a model that a stage or ``twinband import-vit`` wrote, or ``SCRATCH``.
        where: the path of ``params`` in params.yaml, for errors.

    Raises:
        InputError: weights are missing or do not fit.
        ParamsError: options that a model or sampler does not have.
    """
    model = configured(params.method, params.model, params.data.image_px, params.options, where)
    rows, columns = model.config.grid
    options: dict[str, Any] = dict(params.masking.options.get(params.arm, {}))
    with as_parameters(f"{where}.masking.options.{params.arm}"):
        model.sampler = open_arm(
            params.arm,
            patches=rows * columns,
            mask_ratio=params.masking.mask_ratio,
            seed=params.training.seed,
            **options,
        )
    if start.name != SCRATCH:
        model.start_from(read_weights(start / WEIGHTS))
    return model
