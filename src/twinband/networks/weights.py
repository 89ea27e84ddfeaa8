"""Files of models: safetensors with the model's sizes inside."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

from torch import Tensor, nn

from twinband.core.errors import InputError
from twinband.models.key_layouts import Tensors, from_any
from twinband.networks.config import VitConfig, from_settings, kind_of
from twinband.networks.vit import VisionTransformer
from twinband.weights import misfits, read_safetensors, read_torch, write_safetensors


class Weights(NamedTuple):
    """The contents of a file.

    Attributes:
        tensors: by key.
        kind: ``vit``, ``mae``, ...; empty if twinband did not write the file.
        settings: the fields of the model's configuration.
    """

    tensors: Tensors
    kind: str
    settings: dict[str, Any]


def save_weights(model: nn.Module, path: Path) -> None:
    """Write all parameters and buffers of a model made by ``build``, and its sizes.

    Equal weights give equal bytes.
    """
    description = {"kind": kind_of(model), "settings": asdict(model.config)}  # type: ignore[call-overload]
    write_safetensors(model.state_dict(), path, description)


def read_weights(path: Path) -> Weights:
    """Read a ``.safetensors`` file, or another one as a ``torch.save`` of tensors only.

    The latter may hold the tensors below ``model``, ``state_dict`` or ``teacher``.

    Raises:
        InputError: there is no such file, it is damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    if path.suffix == ".safetensors":
        tensors, text = read_safetensors(path)
        description = json.loads(text)
        return Weights(tensors, description.get("kind", ""), description.get("settings", {}))
    found = read_torch(path)
    for entry in ("model", "state_dict", "teacher"):
        if isinstance(found, dict) and isinstance(found.get(entry), dict):
            found = found[entry]
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a {type(found).__name__}, not a state_dict")
    return Weights({k: v for k, v in found.items() if isinstance(v, Tensor)}, "", {})


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


def load_model(path: Path, sampler: nn.Module | None = None) -> nn.Module:
    """Load the model that ``save_weights`` wrote; a sampler's state is loaded if one is given.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    weights = _own(path)
    model = from_settings(weights.kind, weights.settings, sampler)
    tensors = weights.tensors
    if sampler is None:
        tensors = {key: value for key, value in tensors.items() if not key.startswith("sampler.")}
    load_strictly(model, tensors)
    return model


def load_encoder(path: Path) -> VisionTransformer:
    """Load the encoder of any model that ``save_weights`` wrote.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    weights = _own(path)
    sizes = {field.name: weights.settings[field.name] for field in fields(VitConfig)}
    encoder = cast(VisionTransformer, from_settings("vit", sizes))
    load_strictly(encoder, from_any(weights.tensors)[0])
    return encoder


def _own(path: Path) -> Weights:
    weights = read_weights(path)
    if not weights.kind:
        raise InputError(
            f"{path}: does not say which model it holds, so twinband did not write it; build a"
            " model of its size and use warm_start.encoder_from_vit"
        )
    return weights
