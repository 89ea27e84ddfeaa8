"""Files of models: safetensors with the model's sizes inside."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from torch import Tensor, nn

from twinband.core.errors import MALFORMED, InputError
from twinband.networks.config import VitConfig, configuration
from twinband.networks.vit import VisionTransformer
from twinband.shards.sums import check_sums
from twinband.weights import misfits, read_safetensors, write_safetensors

Tensors = dict[str, Tensor]
WEIGHTS = "weights.safetensors"  # in a model's folder
# Sizes that files written before they were there do not tell: those have the defaults.
LATER_SIZES = frozenset({"registers", "mlp", "final_norm"})


class Weights(NamedTuple):
    """The contents of a file.

    Attributes:
        tensors: by key.
        kind: ``vit``, ``mae``, ...
        settings: the fields of the model's configuration.
    """

    tensors: Tensors
    kind: str
    settings: dict[str, Any]


class _Description(BaseModel):
    """The model that a file of weights holds."""

    kind: str
    settings: dict[str, Any]


def save_weights(model: nn.Module, path: Path) -> None:
    """Write all parameters and buffers of a model that ``build`` makes, and its sizes; beside the
    file its SHA-256.

    Equal weights give equal bytes.

    Raises:
        TypeError: ``build`` makes no such model.
    """
    kind, config = getattr(model, "kind", None), getattr(model, "config", None)
    if not isinstance(kind, str) or not isinstance(config, VitConfig):
        raise TypeError(f"{type(model).__name__} is no model that build makes")
    # an encoder may have its whole model's configuration, of which it needs some fields
    own: type[VitConfig] = getattr(model, "Config", VitConfig)
    settings = {field.name: getattr(config, field.name) for field in fields(own)}
    description = {"kind": kind, "settings": settings}
    write_safetensors(model.state_dict(), path, description)


def read_weights(path: Path) -> Weights:
    """Read what ``save_weights`` wrote.

    Raises:
        InputError: there is no such file, it is damaged, or not written by ``save_weights``.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    check_sums(path.parent, path.name)
    tensors, text = read_safetensors(path)
    try:
        description = _Description.model_validate_json(text)
    except ValidationError:
        raise InputError(
            f"{path}: does not say which model it holds, so twinband did not write it; import a"
            " ViT of others by `twinband import-vit`"
        ) from None
    return Weights(tensors, description.kind, description.settings)


def load_strictly(
    model: nn.Module, tensors: Mapping[str, Tensor], fresh: tuple[str, ...] = ()
) -> None:
    """Copy ``tensors`` into ``model``; nothing is copied unless all fits.

    Args:
        fresh: prefixes of the model's keys that may be missing and then stay as they are.

    Raises:
        InputError: lists the keys that are missing, unexpected or of another size.
    """
    if complaints := misfits(tensors, model.state_dict(), fresh):
        raise InputError(f"these weights do not fit the model{complaints}")
    model.load_state_dict(dict(tensors), strict=False)


def load_encoder(path: Path) -> VisionTransformer:
    """Load the encoder of any model that ``save_weights`` wrote.

    Raises:
        InputError: no such file, damaged, or not written by ``save_weights``.
    """
    weights = read_weights(path)
    try:
        told = {field.name for field in fields(VitConfig)}
        told -= LATER_SIZES - weights.settings.keys()
        sizes = {name: weights.settings[name] for name in told}
        encoder = VisionTransformer(configuration(VitConfig, sizes, VisionTransformer.kind))
    except MALFORMED as error:
        raise InputError(f"{path}: its settings are of no encoder ({error!r})") from None
    load_strictly(encoder, encoder_of(weights))
    return encoder


def encoder_of(weights: Weights) -> Tensors:
    """Take the encoder's part of a model's weights, by the encoder's own names."""
    if weights.kind == VisionTransformer.kind:
        return weights.tensors
    prefix = "encoder."
    return {k.removeprefix(prefix): v for k, v in weights.tensors.items() if k.startswith(prefix)}
