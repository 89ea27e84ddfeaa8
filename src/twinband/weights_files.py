"""Files of weights: safetensors that say what they hold, and others' ``torch.save`` of tensors.

Nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from twinband.errors import InputError

# one entry only: safetensors writes several in no fixed order, and equal weights are equal files
METADATA_KEY = "twinband"
NAMES_SHOWN = 12


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sha256(path: Path, promised: str) -> None:
    """Raise ``InputError`` unless the file has the promised SHA-256."""
    found = sha256_of(path)
    if found != promised.lower():
        raise InputError(
            f"{path}: its SHA-256 is {found}, not {promised}: fetch the file again, or correct the"
            " checksum if the other file is meant"
        )


def write_safetensors(
    tensors: Mapping[str, Tensor], path: Path, description: Mapping[str, Any]
) -> None:
    """Write tensors and, in JSON values, what they are. Equals give equal bytes."""
    kept = {name: value.cpu().contiguous() for name, value in tensors.items()}
    save_file(kept, path, {METADATA_KEY: json.dumps(description, sort_keys=True)})


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors and the JSON of their description, ``{}`` if they have none.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            return tensors, (file.metadata() or {}).get(METADATA_KEY, "{}")
    except SafetensorError as error:
        raise InputError(f"{path}: not a whole safetensors file ({error})") from None


def read_torch(path: Path) -> Any:
    """What ``torch.save`` wrote, if that is tensors and containers of them.

    Raises:
        InputError: the file is damaged or holds other objects.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of many kinds, all meaning the same here
        raise InputError(
            f"{path}: cannot be read as tensors only ({type(error).__name__}). If you trust its"
            " source, save its state_dict alone and name that file instead"
        ) from None


def misfits(
    tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], fresh: tuple[str, ...] = ()
) -> str:
    """Why ``tensors`` cannot be the state ``own``, an indented line a kind; empty if they can.

    Args:
        fresh: beginnings of names that may be missing.
    """
    complaints = {
        "missing": [n for n in own if n not in tensors and not n.startswith(fresh)],
        "unexpected": [n for n in tensors if n not in own],
        "of another size": [
            f"{n} {tuple(tensors[n].shape)} instead of {tuple(value.shape)}"
            for n, value in own.items()
            if n in tensors and tensors[n].shape != value.shape
        ],
    }
    lines = [f"\n  {what}: {_shown(names)}" for what, names in complaints.items() if names]
    return "".join(lines)


def _shown(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
