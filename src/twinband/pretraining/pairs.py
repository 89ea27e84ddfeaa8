"""The pairs that a pretraining sees, and their labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from twinband.core.errors import InputError
from twinband.pretraining.labels import KINDS, Labels
from twinband.shards.product import product_id
from twinband.shards.read import Dataset, open_products
from twinband.shards.sums import check_sums
from twinband.shards.write import parquet_table
from twinband.training.data import keep_fraction

Identities = dict[str, dict[str, str]]  # by kind of product and dataset


class Bases(NamedTuple):
    """Folders that hold the product of each dataset, by kind."""

    pairs: Path
    registered: Path
    depth: Path | None = None
    semantics: Path | None = None


def open_pool(
    pool: Path, bases: Bases, fraction: float, labels: Labels | None = None
) -> dict[str, Dataset]:
    """Open the pairs of a pool with their registration, and those labels that are listed.

    Args:
        pool: product of the stage ``pool``.
        bases: places of all products.
        fraction: about this share of the pool.
        labels: of which datasets, if any.

    Raises:
        InputError: the pool is damaged, a product is not the one that was pooled, or nothing is
            left.
    """
    keys, pooled = _read_pool(pool)
    products = {} if labels is None else labels.products
    listed: Identities = {str(kind): by_dataset for kind, by_dataset in products.items()}
    opened = {}
    for name, all_keys in keys.items():
        if chosen := keep_fraction(name, all_keys, fraction):
            folders = {"pairs": bases.pairs / name, "registered": bases.registered / name}
            _check_products(name, folders, pooled, "the pool was made of")
            labelled: dict[str, Path] = {
                kind: base / name
                for kind in KINDS
                if (base := getattr(bases, kind)) and name in listed.get(kind, {})
            }
            _check_products(name, labelled, listed, "the label pool lists")
            opened[name] = open_products({**folders, **labelled}, chosen)
    if not opened:
        raise InputError(f"{pool} leaves no pair to train on; see its left_out.parquet")
    return opened


def _read_pool(pool: Path) -> tuple[dict[str, list[str]], Identities]:
    """Read the keys of each dataset, and the identities of the products they are keys of."""
    table, products = pool / "pool.parquet", pool / "products.json"
    check_sums(pool, table.name, products.name)
    keys: dict[str, list[str]] = {}
    try:
        for row in parquet_table(table.read_bytes(), ["dataset", "key"]).to_pylist():
            keys.setdefault(row["dataset"], []).append(row["key"])
        return keys, TypeAdapter(Identities).validate_json(products.read_bytes())
    except (pa.ArrowException, OSError, ValidationError) as error:
        raise InputError(f"{pool} is no pool ({error}): dvc repro pool") from None


def _check_products(
    name: str, folders: Mapping[str, Path], products: Identities, whose: str
) -> None:
    for kind, folder in folders.items():
        try:
            same = product_id(folder) == products[kind][name]
        except (OSError, KeyError):
            same = False
        if not same:
            raise InputError(f"{folder} is not what {whose}: dvc checkout")
