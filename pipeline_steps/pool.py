"""Stage ``pool``: which pairs of all datasets may be pretrained on."""

from collections import Counter

import pyarrow as pa

from pipeline_steps._step import Base, In, Out, StepReport, main
from twinband.params.pool import PoolParams
from twinband.pool import build_pool
from twinband.shards.manifest import product_id, to_json
from twinband.shards.write import parquet_bytes, write_atomically


def run(
    params: PoolParams, *, ingest: In, hold_out: In, pairs: Base, out: Out, metrics: Out
) -> StepReport:
    """Pool the train pairs of the datasets that params name.

    ``ingest`` holds each dataset's metrics, which name the product below ``pairs``; so the stage
    depends on the datasets it reads, and not on a folder that others share.
    """
    names = [*params.datasets, *params.protect]
    folders = {name: pairs / name for name in names}
    lines = (line.strip() for line in hold_out.read_text().splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    pool = build_pool(
        folders, params.datasets, params.protect, patterns, params.near_duplicate_bits
    )
    products = {name: product_id(folder) for name, folder in folders.items()}
    write_atomically(out / "pool.parquet", parquet_bytes(pool.kept))
    write_atomically(out / "left_out.parquet", parquet_bytes(pool.left_out))
    write_atomically(out / "products.json", to_json(dict(sorted(products.items()))))
    facts = {
        "pairs": pool.kept.num_rows,
        "left_out": pool.left_out.num_rows,
        "reasons": _count(pool.left_out["reason"]),
        "datasets": _count(pool.kept["dataset"]),
    }
    summary = f"{facts['pairs']} pairs to pretrain on, {facts['left_out']} left out"
    return StepReport(summary, samples=pool.kept.num_rows, metrics=facts)


def _count(column: pa.ChunkedArray) -> dict[str, int]:
    return dict(sorted(Counter(column.to_pylist()).items()))


if __name__ == "__main__":
    main(run)
