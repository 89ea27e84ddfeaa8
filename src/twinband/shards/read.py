"""Samples read out of shards at random: one read of the file a sample, several products joined.

The manifest knows the place and the size of every sample in its tar, so no shard is ever searched
and the memory used does not grow with the dataset. What was stored is kept: webdataset's own
``rgb8`` decoder turns one-channel thermal into three channels and 16 bits into 8.

No decoder notices every flipped bit (a JPEG becomes another picture), and a hash of each sample
would stand in no manifest made so far. So a shard is compared with the MD5 in its index when a
process first reads from it, and again if its file has changed since: less work than to decode its
images once. Training does it for all shards at once, before the first step, and its workers do not
do it again.
"""

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.core import images
from twinband.core.errors import MALFORMED, BadSample, InputError
from twinband.shards.product import IndexEntry, read_index, read_manifest, remedy, shard_problem

Version = tuple[int, int, int]  # inode, size and time of change of a file


class Product:
    """One product's folder, and the places of its samples in the shards.

    Raises:
        InputError: the folder is no finished product, or its index or manifest is damaged.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        table = read_manifest(folder, ["key", "status", "shard", "offset", "size"])
        self.keys: list[str] = table["key"].to_pylist()
        self.present = np.asarray([status == "ok" for status in table["status"].to_pylist()])
        self.shard = table["shard"].to_numpy()
        self._offset = table["offset"].to_numpy()
        self._size = table["size"].to_numpy()
        self._entries = read_index(folder).shardlist
        self._checked: dict[int, Version] = {}

    def fields(self, row: int) -> dict[str, bytes]:
        """Read the bytes of the sample in one row of the manifest.

        Raises:
            InputError: its shard is not the one of the index, or holds no such sample there.
        """
        path = self._shard(int(self.shard[row]))
        return read_fields(path, int(self._offset[row]), int(self._size[row]), self.keys[row])

    def decoded(self, row: int) -> dict[str, Any]:
        """Read and decode the sample in one row of the manifest.

        Raises:
            InputError: as ``fields``, or a member cannot be decoded.
        """
        fields = self.fields(row)
        with self.blamed(row):
            return decode_fields(fields)

    @contextmanager
    def blamed(self, row: int) -> Iterator[None]:
        """Blame the sample in one row for what goes wrong with its content in the context.

        Raises:
            InputError: names shard and key.
        """
        try:
            yield
        except (BadSample, *MALFORMED) as error:
            path = self.folder / self._entries[self.shard[row]].url
            raise InputError(
                f"{path}: the sample {self.keys[row]!r} is not what it should be "
                f"({type(error).__name__}: {error}). {remedy(self.folder)}"
            ) from None

    def check_shards(self, rows: Iterable[int]) -> None:
        """Compare the shards of these rows with the index now, before any is read.

        Raises:
            InputError: one is another file.
        """
        for number in sorted({int(self.shard[row]) for row in rows if self.present[row]}):
            self._shard(number)

    def _shard(self, number: int) -> Path:
        """Return the path of a shard that is the one of the index."""
        entry = self._entries[number]
        path = self.folder / entry.url
        version = _version(path)
        if version is None or self._checked.get(number) != version:
            if problem := _problem(path, entry, version):
                raise InputError(f"{problem}. {remedy(self.folder)}")
            if version is not None:
                self._checked[number] = version
        return path


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

    @property
    def products(self) -> list[str]:
        """List the names of the joined products."""
        return [product.name for product in self._products]

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
            sample[product.name] = product.decoded(row) if product.present[row] else None
        return sample

    def check_shards(self) -> None:
        """Compare all shards of the samples with their indexes now, before any is read.

        Raises:
            InputError: one is another file.
        """
        for product in self._products:
            product.check_shards(self._rows[product.name])

    def column(self, product: str, name: str) -> pa.ChunkedArray:
        """Read a column of a product's manifest, in the order of this dataset."""
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


def read_fields(path: Path, offset: int, size: int, key: str) -> dict[str, bytes]:
    """Read the members of one sample by field.

    Raises:
        InputError: there is no such file, or what it holds there is not the sample ``key``, all
            of it and nothing else.
    """
    fields: dict[str, bytes] = {}
    try:
        with path.open("rb", buffering=0) as stream:
            if offset + size > os.fstat(stream.fileno()).st_size:
                raise tarfile.TarError("the file ends before it")
            data = os.pread(stream.fileno(), size, offset)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                name, _, field = member.name.partition(".")
                if name != key or not field or field in fields or not _is_plain(member):
                    raise tarfile.TarError(f"found {member.name!r}")
                content = tar.extractfile(member)
                fields[field] = content.read() if content else b""
            # A damaged header ends the reading as the end of the archive does.
            if not fields or tar.offset != size:
                raise tarfile.TarError(f"{len(fields)} members end at {tar.offset} of {size} bytes")
    except (OSError, ValueError, OverflowError, tarfile.TarError) as error:
        raise InputError(f"{path}: no sample {key!r} at byte {offset}: {error}") from None
    return fields


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Tell whether a member is a file whose bytes stand there: a sparse one may claim any size."""
    return member.isreg() and not member.issparse()


def _version(path: Path) -> Version | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=1 << 16)
def _problem(path: Path, entry: IndexEntry, version: Version | None) -> str:
    """Compare a version of a shard's file with the index, once in each process."""
    return shard_problem(path, entry)


def decode_fields(fields: Mapping[str, bytes]) -> dict[str, Any]:
    """Decode all members of one sample."""
    return dict(decode_field(field, data) for field, data in fields.items())


def decode_field(field: str, data: bytes) -> tuple[str, Any]:
    """Decode a member to name and value by its field (what follows the key's dot).

    ``rgb.*`` gives ``H,W,3`` uint8; ``thermal.*`` ``H,W`` uint8 or uint16; other images their
    pixels as stored; ``json`` the parsed value; ``npy`` the array.

    Raises:
        ValueError: a suffix that nothing decodes.
    """
    name, _, suffix = field.rpartition(".")
    name = name or suffix
    if suffix == "json":
        return name, json.loads(data)
    if suffix == "npy":
        return name, np.load(io.BytesIO(data), allow_pickle=False)
    if suffix in ("jpg", "png", "tif", "bmp"):
        decoded = images.decode(data, field)
        if name == "rgb":
            return name, images.as_rgb(decoded, field)
        return name, images.as_thermal(decoded, field) if name == "thermal" else decoded.pixels
    raise ValueError(f"no decoder for the field {field!r}")


def _wanted(first: Product, keys: Iterable[str] | None) -> list[str]:
    known = [key for key, present in zip(first.keys, first.present, strict=True) if present]
    if keys is None:
        return known
    asked = set(keys)
    if unknown := sorted(asked.difference(known)):
        raise InputError(f"{first.folder} has no sample {', '.join(unknown[:5])}")
    return [key for key in known if key in asked]


def _check_fit(first: Product, other: Product, row_of: Mapping[str, int]) -> None:
    """Raise unless samples of ``first`` are in the same shards of ``other``, or known absent."""
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
