"""Stage ``pool``: which pairs of all datasets may be pretrained on."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.errors import InputError
from twinband.pool import PoolParams, build_pool
from twinband.shards.product import count_values, product_id, to_json
from twinband.shards.write import parquet_bytes, write_atomically


def run(
    params: PoolParams,
    *,
    ingest: In,
    register: In,
    hold_out: In,
    pairs: Base,
    registered: Base,
    out: Out,
    metrics: Out,
) -> StepReport:
    """Pool the train pairs of the datasets that params name.

    ``ingest`` and ``register`` hold each dataset's metrics, which name the products below
    ``pairs`` and ``registered``; so the stage depends on the datasets it reads, and not on a
    folder that others share.
    """
    folders = {name: pairs / name for name in sorted({*params.datasets, *params.protect})}
    checked = {name: _product_of(name, folder, ingest) for name, folder in folders.items()}
    # Datasets that are only protected are not named: one more benchmark must not train anew.
    pooled = sorted(params.datasets)
    products = {
        "pairs": {name: checked[name] for name in pooled},
        "registered": {name: _product_of(name, registered / name, register) for name in pooled},
    }
    lines = (line.strip() for line in hold_out.read_text().splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    pool = build_pool(
        folders,
        {name: registered / name for name in params.datasets},
        params.datasets,
        params.protect,
        patterns,
        params.near_duplicate_bits,
    )
    kept, named = parquet_bytes(pool.kept), to_json(products)
    write_atomically(out / "pool.parquet", kept)
    write_atomically(out / "left_out.parquet", parquet_bytes(pool.left_out))
    write_atomically(out / "products.json", named)
    facts = {
        "pairs": pool.kept.num_rows,
        "left_out": pool.left_out.num_rows,
        "reasons": count_values(pool.left_out["reason"]),
        "datasets": count_values(pool.kept["dataset"]),
        "product": hashlib.sha256(kept + named).hexdigest()[:16],
    }
    summary = f"{facts['pairs']} pairs to pretrain on, {facts['left_out']} left out"
    return StepReport(summary, samples=pool.kept.num_rows, metrics=facts)


def _product_of(name: str, folder: Path, metrics: Path) -> str:
    """The product's id, which must be the one that the dataset's metrics name."""
    try:
        facts: Mapping[str, str] = json.loads((metrics / f"{name}.json").read_bytes())
        recorded, found = facts["product"], product_id(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"pool: {folder} is not there yet ({error!r}): dvc repro") from None
    if found != recorded:
        raise InputError(f"pool: {folder} is not what {metrics}/{name}.json tells of: dvc checkout")
    return found


if __name__ == "__main__":
    main(run)
