"""Checkpoints as files: the tensors in them, and what else there is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

from torch import Tensor

from twinband.core.errors import InputError
from twinband.models.checkpoints.passing_over import passing_over
from twinband.networks.weights import Tensors
from twinband.weights import read_safetensors, read_torch

# Where a model's tensors stand beside an optimizer's; looked for in this order, one in another.
ENTRIES = ("model", "state_dict", "teacher")


class Contents(NamedTuple):
    """The contents of a checkpoint.

    Attributes:
        tensors: by key.
        left_out: what else there is, to why it is not used.
    """

    tensors: Tensors
    left_out: dict[str, str]


def read_contents(source: Mapping[str, Any] | Path | str) -> Contents:
    """Read a ``.safetensors`` file, one that ``torch.save`` wrote, or what was read already.

    The tensors may stand in an entry ``model``, ``state_dict`` or ``teacher``; nothing in the file
    is run, whatever it holds.

    Raises:
        InputError: there is no such file, it is damaged, or holds no tensors.
    """
    if isinstance(source, Mapping):
        return _inside(dict(source), _as_it_is, "these weights")
    path = Path(source)
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    if path.suffix == ".safetensors":
        return Contents(read_safetensors(path)[0], {})
    if is_zipfile(path):
        with passing_over(path) as (saved, tensor_of):
            return _inside(saved, tensor_of, str(path))
    return _inside(read_torch(path), _as_it_is, str(path))


def _as_it_is(value: Any) -> Tensor | None:
    return value if isinstance(value, Tensor) else None


def _inside(state: Any, tensor_of: Callable[[Any], Tensor | None], name: str) -> Contents:
    left_out: dict[str, str] = {}
    entry = None
    while isinstance(state, dict):
        entry = next((e for e in ENTRIES if isinstance(state.get(e), dict)), None)
        if entry is None:
            break
        left_out |= {str(key): "beside the model's tensors" for key in state if key != entry}
        state = state[entry]
    if not isinstance(state, dict):
        raise InputError(f"{name}: holds a {type(state).__name__}, not a state_dict")
    found = {str(key): tensor_of(value) for key, value in state.items()}
    tensors = {key: value for key, value in found.items() if value is not None}
    left_out |= {key: "no tensor" for key, value in found.items() if value is None}
    if not tensors:
        seen = ", ".join(list(found)[:5]) or "nothing"
        raise InputError(f"{name}: holds no tensors at its top or in {ENTRIES}, but {seen}")
    return Contents(tensors, left_out)
