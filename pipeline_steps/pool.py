"""Stage ``pool``: which pairs of all datasets may be pretrained on."""

import hashlib

from pipeline_steps.harness.step import Base, In, Out, StepReport, main
from twinband.core.params import Run
from twinband.pool import PoolParams, build_pool, read_hold_out
from twinband.shards.product import checked, to_json
from twinband.shards.sums import write_sums
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
    facts: Out,
    run: Run,
) -> StepReport:
    """Pool the train pairs of the datasets that params name.

    ``ingest`` and ``register`` hold each dataset's facts, which name the products below
    ``pairs`` and ``registered``; so the stage depends on the datasets it reads, and not on a
    folder that others share.
    """
    folders = {name: pairs / name for name in sorted({*params.datasets, *params.protect})}
    identities = {
        name: checked(folder, ingest / f"{name}.json") for name, folder in folders.items()
    }
    # Datasets that are only protected are not named: one more benchmark must not train anew.
    pooled = sorted(params.datasets)
    products = {
        "pairs": {name: identities[name] for name in pooled},
        "registered": {
            name: checked(registered / name, register / f"{name}.json") for name in pooled
        },
    }
    pool = build_pool(
        folders,
        {name: registered / name for name in params.datasets},
        params.datasets,
        params.protect,
        read_hold_out(hold_out),
        params.near_duplicate_bits,
    )
    kept, named = parquet_bytes(pool.kept), to_json(products)
    files = {
        "pool.parquet": kept,
        "left_out.parquet": parquet_bytes(pool.left_out),
        "products.json": named,
    }
    for name, data in files.items():
        write_atomically(out / name, data)
    write_sums(*(out / name for name in files))
    described = pool.facts(hashlib.sha256(kept + named).hexdigest()[:16])
    summary = f"{described.pairs} pairs to pretrain on, {described.left_out} left out"
    return StepReport(summary, described.pairs, metrics=described.headline(), facts=described)


if __name__ == "__main__":
    main(run)
