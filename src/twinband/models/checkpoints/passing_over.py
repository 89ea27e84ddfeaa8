"""Files of ``torch.save`` that hold more than tensors: these are read, all else is passed over.

A pickle names the classes and functions that rebuild what it holds. Here every name but those of
plain containers and tensors stands for ``PassedOver``, which does nothing, whatever it is asked:
nothing that a file names is imported or called.
"""

import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from twinband.core.errors import InputError

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class PassedOver:
    """Stands for an object of a class that is not read."""

    def __new__(cls, *_: Any, **__: Any) -> "PassedOver":
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> "PassedOver":
        return self

    def __setstate__(self, _: Any) -> None: ...

    def __setitem__(self, *_: Any) -> None: ...

    def append(self, _: Any) -> None:
        """Take a list's element and forget it."""

    def extend(self, _: Any) -> None:
        """Take a list's elements and forget them."""

    def add(self, _: Any) -> None:
        """Take a set's element and forget it."""


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: torch.dtype
    key: str


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tensor as its pickle describes it, its values still in the file."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _stored(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Stored | PassedOver:
    if not isinstance(storage, _Storage):
        return PassedOver()
    return _Stored(storage, offset, tuple(size), tuple(stride))


def _parameter(data: Any, *_: Any) -> Any:
    return data


_READ: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _stored,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{("torch", name): dtype for name, dtype in _STORAGES.items()},
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _READ.get((module, name), PassedOver)

    def persistent_load(self, saved: Any) -> _Storage | PassedOver:
        _, dtype, key, *_ = saved
        known = isinstance(dtype, torch.dtype) and isinstance(key, str)
        return _Storage(dtype, key) if known else PassedOver()


@contextmanager
def passing_over(path: Path) -> Iterator[tuple[Any, Callable[[Any], Tensor | None]]]:
    """Open a file that ``torch.save`` wrote since torch 1.6.

    Yields:
        What was saved, objects of classes that are not read as ``PassedOver`` and tensors as
        descriptions; and what reads the tensor of a description, None of anything else.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = next(n for n in archive.namelist() if PurePosixPath(n).name == "data.pkl")
            folder = PurePosixPath(member).parent
            order = str(folder / "byteorder")
            if order in archive.namelist() and archive.read(order).decode() != sys.byteorder:
                raise ValueError("the byte order of another machine")
            with archive.open(member) as pickled:
                saved = _Reader(pickled, encoding="utf-8").load()
            yield saved, _Values(archive, folder)
    except InputError:
        raise
    except Exception as error:  # what is damaged, or meant to do harm, fails in many ways
        raise InputError(f"{path}: not a whole file of torch.save ({error!r})") from None


class _Values:
    """Reads tensors out of an open file; those that share values there share them here."""

    def __init__(self, archive: zipfile.ZipFile, folder: PurePosixPath) -> None:
        self._archive = archive
        self._folder = folder
        self._flat: dict[_Storage, Tensor] = {}

    def __call__(self, described: Any) -> Tensor | None:
        if not isinstance(described, _Stored):
            return None
        storage, size = described.storage, described.size
        if 0 in size:
            return torch.empty(size, dtype=storage.dtype)
        if storage not in self._flat:
            content = bytearray(self._archive.read(str(self._folder / "data" / storage.key)))
            self._flat[storage] = torch.frombuffer(content, dtype=storage.dtype)
        return self._flat[storage].as_strided(size, described.stride, described.offset)
