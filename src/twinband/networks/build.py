"""Models by name: ``vit``, and every folder of ``twinband.methods``.

A model class says itself what it is called (``kind``), of which configuration it is made
(``Config``), and which named sizes it comes in (``sizes``), so that no table has to know it.
"""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from twinband.networks.config import configuration
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_strictly, read_weights

METHODS = "twinband.methods"


def build(name: str, *, sampler: nn.Module | None = None, **overrides: Any) -> nn.Module:
    """A freshly initialised model.

    Args:
        name: a kind, such as ``mspecgene``, then ``_base`` (ViT-B/16 on 224 px) or ``_tiny``
            (96 px in patches of 8 px, for two CPU cores).
        sampler: for a model that has one, the module that chooses visible patches.
        overrides: fields of the model's configuration to have other values.

    Raises:
        ValueError: an unknown name, or a value out of range.
        TypeError: an unknown field, a value of another type, or a sampler for a model without.
    """
    kind, _, size = name.partition("_")
    if kind not in kinds() or size not in model_class(kind).sizes:
        known = sorted(f"{kind}_{size}" for kind in kinds() for size in model_class(kind).sizes)
        raise ValueError(f"unknown model {name!r}; known are {', '.join(known)}")
    return from_settings(kind, {**model_class(kind).sizes[size], **overrides}, sampler)


def from_settings(
    kind: str, settings: Mapping[str, Any], sampler: nn.Module | None = None
) -> nn.Module:
    """A freshly initialised model by the fields of its configuration.

    Raises:
        ValueError: an unknown kind, or a value out of range.
        TypeError: as in ``build``.
    """
    model = model_class(kind)
    config = configuration(model.Config, settings, kind)
    if sampler is not None and "sampler" not in inspect.signature(model).parameters:
        raise TypeError(f"{kind} takes no sampler")
    parts = () if sampler is None else (sampler,)
    built: nn.Module = model(config, *parts)
    return built


def load_model(path: Path, sampler: nn.Module | None = None) -> nn.Module:
    """The model that ``save_weights`` wrote; a sampler's state is loaded if one is given.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    weights = read_weights(path)
    model = from_settings(weights.kind, weights.settings, sampler)
    tensors = weights.tensors
    if sampler is None:
        tensors = {key: value for key, value in tensors.items() if not key.startswith("sampler.")}
    load_strictly(model, tensors)
    return model


def kinds() -> list[str]:
    """The kinds of models there are."""
    package = importlib.import_module(METHODS)
    folders = (path for root in package.__path__ for path in Path(root).glob("*/model.py"))
    return sorted({"vit", *(path.parent.name for path in folders)})


def model_class(kind: str) -> Any:
    """The class of a kind of model.

    Raises:
        ValueError: an unknown kind.
    """
    if kind == "vit":
        return VisionTransformer
    module = f"{METHODS}.{kind}.model"
    try:
        return importlib.import_module(module).MODEL
    except ModuleNotFoundError as error:
        if not module.startswith(str(error.name)):
            raise
        known = ", ".join(kinds())
        raise ValueError(f"unknown kind of model {kind!r}; known are {known}") from None
