"""Several products of one dataset side by side: ``open_products``."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.errors import InputError
from twinband.shards.decode import decode_fields
from twinband.shards.manifest import read_index, read_manifest
from twinband.shards.read import read_fields


class Product:
    """One product's folder: where each of its samples stands."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        table = read_manifest(folder, ["key", "status", "shard", "offset", "size"])
        self.keys: list[str] = table["key"].to_pylist()
        self.present = np.asarray([status == "ok" for status in table["status"].to_pylist()])
        self.shard = table["shard"].to_numpy()
        self._offset = table["offset"].to_numpy()
        self._size = table["size"].to_numpy()
        self._files = [entry["url"] for entry in read_index(folder)["shardlist"]]

    def fields(self, row: int) -> dict[str, bytes]:
        """The bytes of the sample in one row of the manifest."""
        path = self.folder / self._files[self.shard[row]]
        return read_fields(path, int(self._offset[row]), int(self._size[row]), self.keys[row])


class Dataset(Sequence[dict[str, Any]]):
    """Joined samples in order of key; works as a PyTorch map-style dataset.

    A sample is ``{"key": str, PRODUCT: {field: value} or None, …}``: None where the product's
    manifest records that it has nothing for this pair.
    """

    def __init__(self, products: Sequence[Product], rows: Mapping[str, Sequence[int]]) -> None:
        self._products = products
        self._rows = {name: np.asarray(index, dtype=np.int64) for name, index in rows.items()}

    @property
    def keys(self) -> list[str]:
        first = self._products[0]
        return [first.keys[row] for row in self._rows[first.name]]

    def __len__(self) -> int:
        return len(self._rows[self._products[0].name])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._sample(i) for i in range(*index.indices(len(self)))]
        return self._sample(range(len(self))[index])

    def _sample(self, index: int) -> dict[str, Any]:
        first = self._products[0]
        sample: dict[str, Any] = {"key": first.keys[self._rows[first.name][index]]}
        for product in self._products:
            row = int(self._rows[product.name][index])
            present = product.present[row]
            sample[product.name] = decode_fields(product.fields(row)) if present else None
        return sample

    def column(self, product: str, name: str) -> pa.ChunkedArray:
        """A column of a product's manifest, in the order of this dataset."""
        folder = next(p.folder for p in self._products if p.name == product)
        return read_manifest(folder, [name])[name].take(pa.array(self._rows[product]))


def open_products(products: Mapping[str, str | Path], keys: Iterable[str] | None = None) -> Dataset:
    """Join products of one dataset by key.

    The first product says which samples there are (those it has); every other one must know
    exactly these, in the same shards.

    Args:
        products: product to folder, e.g. ``{"pairs": "data/pairs/kaist", "masks": "…"}``.
        keys: only these, all of which must exist.

    Raises:
        InputError: the products do not fit together, or a key does not exist.
    """
    opened = [Product(name, Path(folder)) for name, folder in products.items()]
    if not opened:
        raise InputError("no product was named")
    first = opened[0]
    wanted = _wanted(first, keys)
    rows = {}
    for product in opened:
        row_of = {key: row for row, key in enumerate(product.keys)}
        _check_fit(first, product, row_of)
        rows[product.name] = [row_of[key] for key in wanted]
    return Dataset(opened, rows)


def _wanted(first: Product, keys: Iterable[str] | None) -> list[str]:
    known = [key for key, present in zip(first.keys, first.present, strict=True) if present]
    if keys is None:
        return known
    asked = set(keys)
    if unknown := sorted(asked.difference(known)):
        raise InputError(f"{first.folder} has no sample {', '.join(unknown[:5])}")
    return [key for key in known if key in asked]


def _check_fit(first: Product, other: Product, row_of: Mapping[str, int]) -> None:
    """Every sample of ``first`` stands in the same shard of ``other``, or is known absent."""
    expected = {k: i for i, k in enumerate(first.keys) if first.present[i]}
    missing = sorted(set(expected).difference(row_of))
    surplus = [k for k, r in row_of.items() if other.present[r] and k not in expected]
    moved = [
        key
        for key, row in expected.items()
        if key in row_of
        and other.present[row_of[key]]
        and other.shard[row_of[key]] != first.shard[row]
    ]
    for keys, what in ((missing, "lacks"), (surplus, "has unknown"), (moved, "moved")):
        if keys:
            raise InputError(
                f"{other.folder} does not fit {first.folder}: it {what} {len(keys)} samples "
                f"({', '.join(keys[:5])}); rebuild it with: dvc repro"
            )
