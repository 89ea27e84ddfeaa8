"""The small files of a product's folder: manifest.parquet, index.json and README.md.

The manifest has one row a sample considered, in order of key, failures included; the index is
a wids-v1 list of the shards; the card says in words what the folder holds.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from twinband.errors import InputError
from twinband.shards.write import Shard, parquet_bytes, write_atomically

MANIFEST = "manifest.parquet"
INDEX = "index.json"
CARD = "README.md"


def write_product_files(
    folder: Path,
    *,
    product: str,
    dataset: str,
    shards: Sequence[tuple[Shard, pa.Table]],
    card: str,
) -> pa.Table:
    """Write manifest, index and card beside the shards of ``folder``; returns the manifest.

    Args:
        shards: each with its rows.
        card: Markdown with a YAML front matter.
    """
    tables = []
    for number, (_, rows) in enumerate(shards):
        present = pc.greater_equal(rows["offset"], 0)
        shard = pc.if_else(present, pa.scalar(number, pa.int32()), pa.scalar(-1, pa.int32()))
        tables.append(rows.add_column(4, pa.field("shard", pa.int32()), shard))
    table = pa.concat_tables(tables).sort_by("key").combine_chunks()
    manifest = parquet_bytes(table)
    write_atomically(folder / MANIFEST, manifest)
    write_atomically(folder / CARD, card.encode())
    index = _index(product, dataset, [shard for shard, _ in shards], manifest)
    write_atomically(folder / INDEX, to_json(index))
    return table


def _index(product: str, dataset: str, shards: Sequence[Shard], manifest: bytes) -> dict[str, Any]:
    return {
        "__kind__": "wids-shard-index-v1",
        "wids_version": 1,
        "name": f"{dataset}/{product}",
        "product": product,
        "dataset": dataset,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "shardlist": [
            {"url": s.file, "md5sum": s.md5, "nsamples": s.samples, "filesize": s.bytes}
            for s in shards
        ],
    }


def to_json(data: Mapping[str, Any]) -> bytes:
    """Readable JSON with a fixed order of keys and a final line end."""
    return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_manifest(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The manifest of a product, all of it or some columns.

    Raises:
        InputError: the folder is no finished product, or its manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file() or not (folder / INDEX).is_file():
        raise InputError(f"{folder} is no finished product: it has no {MANIFEST} and {INDEX}")
    try:
        return pq.read_table(path, columns=list(columns) if columns else None)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a product.

    Raises:
        InputError: it is missing or of another kind.
    """
    try:
        index = json.loads((folder / INDEX).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / INDEX} cannot be read: {error}") from None
    if not isinstance(index, dict) or index.get("__kind__") != "wids-shard-index-v1":
        raise InputError(f"{folder / INDEX} is no wids-v1 index")
    return index


def product_id(folder: Path) -> str:
    """Sixteen hexadecimal digits that change with any byte of a product's shards or manifest."""
    whole = hashlib.sha256((folder / INDEX).read_bytes())
    whole.update((folder / MANIFEST).read_bytes())
    return whole.hexdigest()[:16]
