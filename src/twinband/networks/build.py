"""Models by name: ``vit``, and every folder of ``twinband.methods``.

A model's class has its name (``kind``), the class of its configuration (``Config``) and its named
sizes (``sizes``), so that there is no table of models.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinband.core.errors import InputError
from twinband.networks.config import configuration
from twinband.networks.masked import MaskedModel
from twinband.networks.sampler import Sampler
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import WEIGHTS, load_strictly, read_weights

METHODS = "twinband.methods"
Model = VisionTransformer | MaskedModel


def build(name: str, **overrides: Any) -> Model:
    """Make a freshly initialised model.

    Args:
        name: a kind, such as ``mspecgene``, then ``_base`` (ViT-B/16 on 224 px) or ``_tiny``
            (96 px in patches of 8 px, for two CPU cores).
        overrides: fields of the model's configuration to have other values.

    Raises:
        ValueError: an unknown name, or a value out of range.
        TypeError: an unknown field, or a value of another type.
    """
    kind, _, size = name.partition("_")
    if kind not in kinds() or size not in model_class(kind).sizes:
        known = sorted(f"{kind}_{size}" for kind in kinds() for size in model_class(kind).sizes)
        raise ValueError(f"unknown model {name!r}; known are {', '.join(known)}")
    return from_settings(kind, {**model_class(kind).sizes[size], **overrides})


def from_settings(kind: str, settings: Mapping[str, Any]) -> Model:
    """Make a freshly initialised model by the fields of its configuration.

    Raises:
        ValueError: an unknown kind, or a value out of range.
        TypeError: as in ``build``.
    """
    model: Any = model_class(kind)  # each class takes a configuration of its own
    built: Model = model(configuration(model.Config, settings, kind))
    return built


def load_model(path: Path | str, sampler: Sampler | None = None) -> Model:
    """Load the model that ``save_weights`` wrote.

    Args:
        path: the file, or the folder of a model, which has it under ``WEIGHTS``.
        sampler: gets its state too; without one the sampler's state is left out.

    Raises:
        InputError: no such file, damaged, or not written by ``save_weights``.
        TypeError: a sampler for a ViT.
    """
    path = Path(path)
    if path.is_dir():
        path = path / WEIGHTS
    weights = read_weights(path)
    try:
        model = from_settings(weights.kind, weights.settings)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: its settings are of no model ({error})") from None
    tensors = weights.tensors
    if sampler is None:
        tensors = {key: value for key, value in tensors.items() if not key.startswith("sampler.")}
    elif isinstance(model, MaskedModel):
        model.sampler = sampler
    else:
        raise TypeError(f"{weights.kind} takes no sampler")
    load_strictly(model, tensors)
    return model


def kinds() -> list[str]:
    """List the kinds of models."""
    package = importlib.import_module(METHODS)
    folders = (path for root in package.__path__ for path in Path(root).glob("*/model.py"))
    return sorted({VisionTransformer.kind, *(path.parent.name for path in folders)})


def model_class(kind: str) -> type[Model]:
    """Import the class of a kind of model.

    Raises:
        ValueError: an unknown kind.
    """
    if kind == VisionTransformer.kind:
        return VisionTransformer
    module = f"{METHODS}.{kind}.model"
    try:
        imported: type[MaskedModel] = importlib.import_module(module).MODEL
        return imported
    except ModuleNotFoundError as error:
        if not module.startswith(str(error.name)):
            raise
        known = ", ".join(kinds())
        raise ValueError(f"unknown kind of model {kind!r}; known are {known}") from None
