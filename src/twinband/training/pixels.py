"""Pixels of the pairs for training: read from shards, or decoded once into a mapped file."""

import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.core.images import to_eight_bits
from twinband.shards.read import Dataset
from twinband.shards.registered import registered_pair
from twinband.shards.write import remove


class Pixels(NamedTuple):
    """A registered pair: ``rgb`` ``H,W,3`` and ``thermal`` ``H,W``, both uint8.

    Thermal of 16 bits is stretched, image by image, so that its percentiles 1 and 99 become 0 and
    255: sensors without radiometry drift, and recorded ranges leave most levels unused.
    ``shift_tolerance_px`` is the usual misalignment of the two.
    """

    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    shift_tolerance_px: int


class PairPixels:
    """The pairs of several datasets, numbered from 0.

    ``names`` are ``DATASET/KEY``. It can be pickled; a worker opens its own files.

    Args:
        datasets: by name, each with the products ``pairs`` and ``registered``.

    Raises:
        InputError: there is no pair, one was never registered, or a shard is damaged.
    """

    def __init__(self, datasets: Mapping[str, Dataset]) -> None:
        self._datasets = list(datasets.values())
        self.names = [f"{name}/{key}" for name, joined in datasets.items() for key in joined.keys]
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
        pair = registered_pair(self._datasets[number][index - int(self._begins[number])])
        return Pixels(pair.rgb, to_eight_bits(pair.thermal), round(pair.shift_tolerance_px))


def _check_registered(name: str, dataset: Dataset) -> None:
    statuses = dataset.column("registered", "status").to_pylist()
    absent = [key for key, status in zip(dataset.keys, statuses, strict=True) if status != "ok"]
    if absent:
        raise InputError(
            f"registered of {name} has nothing for {len(absent)} pairs to train on "
            f"({', '.join(absent[:5])}); leave them out, or register them: dvc repro"
        )


class DecodedPixels:
    """Pairs of which the first are decoded beforehand, as many as fit into ``budget_bytes``.

    Decoding is most of the cost of small images. Decoded ones are in one file that all workers of
    a rank map into memory (each rank needs its own ``path``); it is deleted with this object.
    """

    def __init__(self, pairs: PairPixels, path: Path, budget_bytes: int) -> None:
        self._pairs = pairs
        self._path = path
        self.names = pairs.names
        # Offset, height and width of rgb, height and width of thermal, tolerance.
        places: list[tuple[int, ...]] = []
        size = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)  # what a killed run left
        self._owner = weakref.finalize(self, path.unlink, missing_ok=True)
        with path.open("wb") as stream:
            for index in range(len(pairs)):
                rgb, thermal, tolerance = pairs[index]
                if size + rgb.size + thermal.size > budget_bytes:
                    break
                stream.write(rgb.tobytes() + thermal.tobytes())
                places.append((size, *rgb.shape[:2], *thermal.shape, tolerance))
                size += rgb.size + thermal.size
        self._places = np.asarray(places, dtype=np.int64).reshape(-1, 6)
        self._map = _map(path) if places else None

    def __getstate__(self) -> dict[str, object]:
        """Leave out map and ownership: a worker maps the file itself."""
        return {**self.__dict__, "_map": None, "_owner": None}

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Pixels:
        if index >= len(self._places):
            return self._pairs[index]
        if self._map is None:
            self._map = _map(self._path)
        begin, *shape, tolerance = map(int, self._places[index])
        middle = begin + shape[0] * shape[1] * 3
        end = middle + shape[2] * shape[3]
        rgb = self._map[begin:middle].reshape(shape[0], shape[1], 3)
        return Pixels(rgb, self._map[middle:end].reshape(shape[2], shape[3]), tolerance)


def _map(path: Path) -> NDArray[np.uint8]:
    return np.memmap(path, np.uint8, "r")
