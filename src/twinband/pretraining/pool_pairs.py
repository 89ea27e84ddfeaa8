"""The pairs of the pool, opened for training."""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from twinband.errors import InputError
from twinband.shards.join import Dataset, open_products
from twinband.shards.manifest import product_id
from twinband.training.data import keep_fraction


def open_pool(pool: Path, pairs: Path, registered: Path, fraction: float) -> dict[str, Dataset]:
    """Pairs and their registration, joined, by dataset.

    Args:
        pool: product of the stage ``pool``.
        pairs: holds the product ``pairs`` of each dataset.
        registered: holds the product ``registered`` of each dataset.
        fraction: about this share of the pool.

    Raises:
        InputError: a product is not the one that the pool was made of, or nothing is left.
    """
    products = json.loads((pool / "products.json").read_bytes())
    keys: dict[str, list[str]] = {}
    for row in pq.read_table(pool / "pool.parquet", columns=["dataset", "key"]).to_pylist():
        keys.setdefault(row["dataset"], []).append(row["key"])
    chosen = {name: keep_fraction(name, those, fraction) for name, those in keys.items()}
    opened = {}
    for name, those in chosen.items():
        if not those:
            continue
        folders = {"pairs": pairs / name, "registered": registered / name}
        _check_products(name, folders, products)
        opened[name] = open_products(folders, those)
    if not opened:
        raise InputError(f"{pool} leaves no pair to train on; see its left_out.parquet")
    return opened


def _check_products(
    name: str, folders: Mapping[str, Path], products: Mapping[str, Mapping[str, str]]
) -> None:
    for kind, folder in folders.items():
        if product_id(folder) != products[kind][name]:
            raise InputError(f"{folder} is not what the pool was made of: dvc checkout")
