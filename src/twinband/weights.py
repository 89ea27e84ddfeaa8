"""Files of weights: finding, checking, reading and writing them; nothing is ever unpickled.

The project's own are safetensors with a description; others' may be a ``torch.save`` of tensors.
What is missing is told at once, with what fetches it.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from twinband.core.errors import InputError
from twinband.core.params import OutsideWeights
from twinband.shards.sums import check_sums, sha256_of, write_sums

# one entry only: safetensors writes several in no fixed order, and equal weights are equal files
METADATA_KEY = "twinband"
NAMES_SHOWN = 12


def check_sha256(path: Path, promised: str) -> None:
    """Raise ``InputError`` unless the file has the promised SHA-256."""
    actual = sha256_of(path)
    if actual != promised.lower():
        raise InputError(
            f"{path}: its SHA-256 is {actual}, not {promised}: fetch the file again, or correct the"
            " checksum if the other file is meant"
        )


def write_safetensors(
    tensors: Mapping[str, Tensor], path: Path, description: Mapping[str, Any]
) -> None:
    """Write tensors and their description, JSON values, and the file's SHA-256 beside it.

    The file appears whole or not at all. Equals give equal bytes. What two names share is written
    for both.
    """
    kept: dict[str, Tensor] = {}
    written: set[int] = set()
    for name, value in tensors.items():
        own = value.cpu().contiguous()
        kept[name] = own.clone() if own.data_ptr() in written else own
        written.add(own.data_ptr())
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        save_file(kept, temporary, {METADATA_KEY: json.dumps(description, sort_keys=True)})
        temporary.replace(path)
    except SafetensorError as error:
        if f"os error {errno.ENOSPC}" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)
    write_sums(path)


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """Read the tensors and the JSON of their description, ``{}`` if they have none.

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
    """Read what ``torch.save`` wrote, if that is tensors and containers of them.

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
    """Say why ``tensors`` cannot be the state ``own``, an indented line a kind; empty if they can.

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
    lines = [f"\n  {kind}: {_shown(names)}" for kind, names in complaints.items() if names]
    return "".join(lines)


def _shown(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


CONFIG = "config.json"
# In order of preference; what else a model's folder may hold does not change its labels.
WEIGHTS_FILES = ("model.safetensors", "weights.safetensors", "pytorch_model.bin")
SETTINGS_FILES = (CONFIG, "preprocessor_config.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights on disk.

    Attributes:
        path: the file, or the folder that holds it and its settings.
        sha256: of the file of weights, and of the settings beside it if there are any.
        name: for people.
    """

    path: Path
    sha256: str
    name: str


def find_weights(folder: Path, outside: OutsideWeights | None, root: Path | None) -> Weights:
    """Find weights and check that they are the promised ones: of the project's own, ``SHA256SUMS``
    beside them says which.

    Args:
        folder: of the project, with the weights, unless they are ``outside``.
        outside: weights that are not part of the project.
        root: the folder TWINBAND_WEIGHTS, if it is set.

    Raises:
        InputError: they are not there, or are not the promised ones; says where they were looked
            for and what fetches them.
    """
    if outside is None:
        file = weights_file(folder)
        if file is None:
            raise InputError(
                f"{folder}: no weights there ({', '.join(WEIGHTS_FILES)}); they are part of the"
                f" project: `git checkout -- {folder}` brings them back, or name others"
            )
        check_sums(file.parent, file.name)
        return _weights(folder, str(folder))
    places = [] if root is None else [root / outside.name]
    if outside.revision:
        places += _in_hub_cache(outside)
    for path in places:
        if (file := weights_file(path)) is not None:
            check_sha256(file, outside.sha256)
            return _weights(path, outside.name)
    raise InputError(_missing(outside, root))


def _in_hub_cache(outside: OutsideWeights) -> list[Path]:
    """Find the model's folder in the hub's cache, if it is there."""
    try:
        config = try_to_load_from_cache(outside.name, CONFIG, revision=outside.revision)
    except HFValidationError:  # no id of the hub
        return []
    return [Path(config).parent] if isinstance(config, str) else []


def weights_file(path: Path) -> Path | None:
    """Find the file of weights at or in ``path``; None if there is none."""
    if path.is_file():
        return path
    return next((path / name for name in WEIGHTS_FILES if (path / name).is_file()), None)


def _weights(path: Path, name: str) -> Weights:
    digest = hashlib.sha256()
    beside = [path / name for name in SETTINGS_FILES] if path.is_dir() else []
    for file in [weights_file(path), *beside]:
        if file is not None and file.is_file():
            digest.update(sha256_of(file).encode())
    return Weights(path, digest.hexdigest(), name)


def _missing(outside: OutsideWeights, root: Path | None) -> str:
    below = f"{root / outside.name}" if root else "TWINBAND_WEIGHTS, which is not set"
    if not outside.revision:
        return (
            f"the weights {outside.name} are missing: looked for in {below}. Fetch the file,"
            " put it there, and set TWINBAND_WEIGHTS to its folder"
        )
    return (
        f"the weights {outside.name} (revision {outside.revision}) are missing: looked for in"
        f" {below} and in the hub's cache. Fetch them with\n"
        f"  hf download {outside.name} --revision {outside.revision}"
    )
