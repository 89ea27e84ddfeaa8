"""Files of networks of fusion: safetensors with the method's name and its network's options."""

import hashlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from torch import nn

from twinband.core.errors import InputError
from twinband.fusion.interface import METHODS, Fusion
from twinband.shards.sums import check_sums
from twinband.weights import misfits, read_safetensors, write_safetensors

WEIGHTS = "weights.safetensors"  # in a model's folder


class LearnedMethod(Protocol):
    """A module of ``twinband.fusion_methods`` whose method has weights."""

    def network(self, **options: Any) -> nn.Module:
        """Make the network that fuses ``B,1,H,W`` each, freshly initialised."""
        ...

    def opened(self, network: nn.Module) -> Fusion:
        """Make a method of fusion of its network."""
        ...


class Description(BaseModel):
    """The network that a file holds."""

    fusion: str
    options: dict[str, Any]


def learned_method(name: str) -> Any:
    """Import a method that has weights, a ``LearnedMethod``.

    Raises:
        ValueError: there is no such method, or it has no weights.
    """
    module = f"{METHODS}.{name}"
    try:
        method = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no method of fusion {name} ({module})") from None
    if not hasattr(method, "network"):
        raise ValueError(f"the method {name} has no weights to learn")
    return method


def save_fusion(name: str, options: Mapping[str, Any], network: nn.Module, folder: Path) -> str:
    """Write a network and what builds it, with its SHA-256 beside it; returns the latter."""
    description = {"fusion": name, "options": dict(options)}
    write_safetensors(network.state_dict(), folder / WEIGHTS, description)
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def read_fusion(path: Path) -> Fusion:
    """Open the network that ``save_fusion`` wrote, by its file or folder.

    Raises:
        InputError: there is none, it is damaged, of another kind, or does not fit its method.
    """
    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{file}: no such file of weights; `dvc repro` makes the models")
    check_sums(file.parent, file.name)
    tensors, text = read_safetensors(file)
    try:
        description = Description.model_validate_json(text)
    except ValidationError:
        raise InputError(
            f"{file} holds no network of fusion: name the folder of one, such as models/fusion/sage"
        ) from None
    try:
        method = learned_method(description.fusion)
        network: nn.Module = method.network(**description.options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{file} cannot be opened here: {error}") from None
    if complaints := misfits(tensors, network.state_dict()):
        raise InputError(f"{file} does not fit the method {description.fusion}:{complaints}")
    network.load_state_dict(tensors)
    opened: Fusion = method.opened(network.eval())
    return opened
