"""Weights in files: safetensors with the model's sizes inside; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from twinband.errors import InputError
from twinband.models.config import VitConfig
from twinband.models.layouts import Tensors, from_any
from twinband.models.registry import from_settings, kind_of
from twinband.models.vit import VisionTransformer

# one entry only: safetensors writes several in no fixed order, and equal weights are equal files
METADATA_KEY = "twinband"
NAMES_SHOWN = 12


class Weights(NamedTuple):
    """A file's contents.

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
    tensors = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, path, {METADATA_KEY: json.dumps(description, sort_keys=True)})


def read_weights(path: Path) -> Weights:
    """Read a ``.safetensors`` file, or another one as a ``torch.save`` of tensors only.

    Of the latter the entries ``model``, ``state_dict`` and ``teacher`` are looked into.

    Raises:
        InputError: there is no such file, it is damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)


def _read_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            text = (file.metadata() or {}).get(METADATA_KEY, "{}")
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole safetensors file ({error})") from error
    description = json.loads(text)
    return Weights(tensors, description.get("kind", ""), description.get("settings", {}))


def _read_torch(path: Path) -> Weights:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of many kinds, all meaning the same here
        raise InputError(
            f"{path}: cannot be read as tensors only ({type(error).__name__}). If you trust its"
            " source, save its state_dict as safetensors and name that file instead"
        ) from error
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
        fresh: beginnings of the model's keys that may be missing and then stay as they are.

    Raises:
        InputError: lists the keys that are missing, unexpected or of another size.
    """
    own = model.state_dict()
    absent = [key for key in own if key not in tensors and not key.startswith(fresh)]
    unexpected = [key for key in tensors if key not in own]
    sizes = [
        f"{key} {tuple(tensors[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in tensors and tensors[key].shape != own[key].shape
    ]
    complaints = {"missing": absent, "unexpected": unexpected, "of another size": sizes}
    if any(complaints.values()):
        lines = [f"{what}: {_shown(names)}" for what, names in complaints.items() if names]
        raise InputError("\n  ".join(["these weights do not fit the model", *lines]))
    model.load_state_dict(dict(tensors), strict=False)


def _shown(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def load_model(path: Path, sampler: nn.Module | None = None) -> nn.Module:
    """The model that ``save_weights`` wrote; a sampler's state is loaded if one is given.

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
    """The encoder of any model that ``save_weights`` wrote.

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
