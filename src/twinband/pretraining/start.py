"""Beginnings of pretraining on pairs: a model with its masking, from scratch or other weights."""

import importlib
from pathlib import Path
from typing import Any

from twinband.core.params import ParamsError
from twinband.networks.masked import MaskedModel
from twinband.networks.sampler import Strategy
from twinband.networks.weights import WEIGHTS, read_weights
from twinband.pretraining.build import fresh_model, params_errors
from twinband.pretraining.labels import Labels
from twinband.pretraining.params import PretrainParams

ARMS = "twinband.arms"
SCRATCH = "none.json"  # stands in models/ for no weights at all


def started_model(params: PretrainParams, start: Path, labels: Labels, where: str) -> MaskedModel:
    """Make the model of a method with its masking, ready to be trained.

    Args:
        start: the folder of a model that a stage or ``twinband import-vit`` wrote, or ``SCRATCH``.
        labels: that are learnt from; the model gets as many ``classes`` as they have.
        where: place of ``params`` in params.yaml, for errors.

    Raises:
        InputError: weights are missing or do not fit.
        ParamsError: options that the model or the arm does not have, or labels that the model does
            not learn from or lacks.
    """
    options = params.masking.options.get(params.arm, {})
    with params_errors(f"{where}.arm"):
        arm = find_arm(params.arm)
    with params_errors(f"{where}.masking.options.{params.arm}"):
        wanted = arm.model_options(**options)
    if labels.classes:
        wanted = {**wanted, "classes": len(labels.classes)}
    model = fresh_model(params, where, wanted)
    _check_labels(model, labels, params, where)
    rows, columns = model.config.grid
    ratio = params.masking.mask_ratio
    with params_errors(f"{where}.masking.options.{params.arm}"):
        model.sampler = open_arm(
            params.arm,
            patches=rows * columns,
            seed=params.training.seed,
            **({} if ratio is None else {"mask_ratio": ratio}),
            **options,
        )
    if start.name != SCRATCH:
        model.start_from(read_weights(start / WEIGHTS))
    return model


def _check_labels(model: MaskedModel, labels: Labels, params: PretrainParams, where: str) -> None:
    wanted, given = sorted(model.learns_from - {"rgb", "thermal"}), any(labels.products.values())
    if wanted and not given:
        raise ParamsError(
            [
                f"{where}.labels: {params.labels} lists none, and {' and '.join(wanted)} are to be"
                " learnt: data/label_pool, or other options.modalities"
            ]
        )


def open_arm(name: str, **settings: Any) -> Any:
    """Make the masking strategy of the module ``twinband.arms.NAME``.

    Args:
        settings: arguments of its class ``Arm``.

    Raises:
        ValueError: there is no such strategy, or settings are out of their range.
        TypeError: settings that the strategy does not have.
    """
    return find_arm(name)(**settings)


def find_arm(name: str) -> type[Strategy]:
    """Import the class ``Arm`` of the module ``twinband.arms.NAME``.

    Raises:
        ValueError: there is no such strategy.
    """
    module = f"{ARMS}.{name}"
    try:
        arm: type[Strategy] = importlib.import_module(module).Arm
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        package = importlib.import_module(ARMS)
        known = sorted(path.stem for root in package.__path__ for path in Path(root).glob("*.py"))
        raise ValueError(f"no masking strategy {name!r}; known are {', '.join(known)}") from None
    return arm
