"""Pixels of the pairs for training: read from shards, or decoded once into a mapped file."""

import math
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.shards.read import Dataset
from twinband.shards.registered import registered_pair
from twinband.shards.write import remove

VOID = 255  # class id of pixels that nobody labelled
ARRAYS = ("rgb", "thermal", "depth", "semseg")  # of Pixels
LEAST_DISTANCE = 1e-3  # of the farthest, below which a distance is not inverted


class Pixels(NamedTuple):
    """A registered pair: ``rgb`` ``H,W,3`` and ``thermal`` ``H,W``, both uint8, and its labels.

    Attributes:
        rgb, thermal: the images.
        shift_tolerance_px: usual misalignment of the two.
        depth: inverse depth ``h,w`` float32 (the nearer, the greater), in any unit; None if there
            is none.
        semseg: class ids ``h,w`` uint8; None if there are none.
    """

    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    shift_tolerance_px: int
    depth: NDArray[np.float32] | None = None
    semseg: NDArray[np.uint8] | None = None


class PairPixels:
    """The pairs of several datasets, numbered from 0.

    ``names`` are ``DATASET/KEY``; ``labelled`` tells whether any dataset comes with labels of depth
    or classes. It can be pickled; a worker opens its own files.

    Args:
        datasets: by name, each with the products ``pairs`` and ``registered``, and with ``depth``
            and ``semantics`` if they are learnt from.

    Raises:
        InputError: there is no pair, one was never registered, or a shard is damaged.
    """

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self._datasets = list(datasets.values())
        self.names = [f"{name}/{key}" for name, joined in datasets.items() for key in joined.keys]
        self.labelled = any({"depth", "semantics"} & {*d.products} for d in self._datasets)
        self._begins = np.cumsum([0, *map(len, self._datasets)])
        if not self.names:
            raise InputError(
                f"there is no pair to train on in {', '.join(datasets) or 'no dataset'}"
            )
        for name, dataset in datasets.items():
            _check_registered(name, dataset)
            dataset.check_shards()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pixels:
        number = int(np.searchsorted(self._begins, index, side="right")) - 1
        sample = self._datasets[number][index - int(self._begins[number])]
        pair = registered_pair(sample)
        return Pixels(
            pair.rgb,
            pair.thermal,
            round(pair.shift_tolerance_px),
            _inverse_depth(sample.get("depth")),
            _classes(sample.get("semantics")),
        )


def _inverse_depth(fields: Mapping[str, Any] | None) -> NDArray[np.float32] | None:
    """Read the depth of a sample; distances are inverted."""
    if fields is None:
        return None
    stored = fields["json"]
    values = stored["offset"] + stored["scale"] * fields["depth"].astype(np.float64)
    if not stored["inverse"]:
        values = 1 / np.maximum(
            values, max(LEAST_DISTANCE * values.max(), np.finfo(np.float32).tiny)
        )
    inverse: NDArray[np.float32] = values.astype(np.float32)
    return inverse


def _classes(fields: Mapping[str, Any] | None) -> NDArray[np.uint8] | None:
    return None if fields is None else fields["classes"].astype(np.uint8)


def _check_registered(name: str, dataset: Dataset) -> None:
    statuses = dataset.column("registered", "status").to_pylist()
    absent = [key for key, status in zip(dataset.keys, statuses, strict=True) if status != "ok"]
    if absent:
        raise InputError(
            f"registered of {name} has nothing for {len(absent)} pairs to train on "
            f"({', '.join(absent[:5])}); leave them out, or register them: dvc repro"
        )


class Place(NamedTuple):
    """The place of an array in the mapped file."""

    begin: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


Places = Mapping[str, Place | None]  # of the arrays of a pair, by field; None if it has none


class DecodedPixels:
    """Pairs of which the first are decoded beforehand, as many as fit into ``budget_bytes``.

    Decoding is most of the cost of small images. Decoded ones are in one file that all workers of
    a rank map into memory (each rank needs its own ``path``); it is deleted with this object.
    """

    def __init__(self, pairs: PairPixels, path: Path, budget_bytes: int) -> None:
        self._pairs = pairs
        self._path = path
        self.names = pairs.names
        self.labelled = pairs.labelled
        self._stored: list[tuple[Places, int]] = []  # and the pair's tolerance
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)  # what a killed run left
        self._owner = weakref.finalize(self, path.unlink, missing_ok=True)
        with path.open("wb") as stream:
            for index in range(len(pairs)):
                pixels = pairs[index]
                arrays = {name: getattr(pixels, name) for name in ARRAYS}
                size = sum(array.nbytes for array in arrays.values() if array is not None)
                if stream.tell() + size > budget_bytes:
                    break
                places = {name: _write(array, stream) for name, array in arrays.items()}
                self._stored.append((places, pixels.shift_tolerance_px))
        self._map = _map(path) if self._stored else None

    def __getstate__(self) -> dict[str, object]:
        """Leave out map and ownership: a worker maps the file itself."""
        return {**self.__dict__, "_map": None, "_owner": None}

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Pixels:
        if index >= len(self._stored):
            return self._pairs[index]
        places, tolerance = self._stored[index]
        arrays = {name: self._read(place) for name, place in places.items() if place is not None}
        return Pixels(**arrays, shift_tolerance_px=tolerance)

    def _read(self, place: Place) -> NDArray[Any]:
        if self._map is None:
            self._map = _map(self._path)
        end = place.begin + math.prod(place.shape) * place.dtype.itemsize
        return self._map[place.begin : end].view(place.dtype).reshape(place.shape)


def _write(array: NDArray[Any] | None, stream: BinaryIO) -> Place | None:
    if array is None:
        return None
    place = Place(stream.tell(), array.shape, array.dtype)
    stream.write(array.tobytes())
    return place


def _map(path: Path) -> NDArray[np.uint8]:
    return np.memmap(path, np.uint8, "r")
