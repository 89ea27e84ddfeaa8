"""The whole of ``sam_masks`` for one dataset: label what is unknown, then write shard by shard."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.annotators.examples import hours_of
from twinband.annotators.fill import fill_cache
from twinband.annotators.masks_card import card
from twinband.annotators.masks_facts import facts
from twinband.annotators.masks_shard import ShardTask, write_masks_shard
from twinband.annotators.sam.labeller import SamSpec
from twinband.params.runtime import Runtime
from twinband.shards.adopt import adopt_shard
from twinband.shards.manifest import read_index, read_manifest, write_product_files
from twinband.shards.write import finished_shard, shard_name


@dataclass(frozen=True, slots=True)
class Masked:
    """What one run made.

    Attributes:
        manifest: one row a pair.
        facts: what metrics/ shall know.
        fresh: images that were labelled by this run.
        known: images whose label was in the cache.
    """

    manifest: pa.Table
    facts: dict[str, Any]
    fresh: int
    known: int


def build_masks(
    pairs: Path,
    registered: Path,
    spec: SamSpec,
    *,
    truth: Path,
    least_px: int,
    cache: Path,
    out: Path,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> Masked:
    """Find the masks of both images of all pairs and write the product at ``out``.

    Args:
        truth: folder with ``instances/NAME.png`` to score against, if it has any.
        least_px: objects of so many pixels and more are scored.
        cache: root of the cache, shared by datasets and processes.
        work: kept between tries; shards finished there are not written again.
        progress: is told how many pairs are labelled, and of how many.

    Raises:
        InputError: the products do not fit together, the device is not there, the weights are no
            SAM, or the truth does not fit.
    """
    spec.check_device()
    rows = read_manifest(pairs, ["key", "status", "shard"]).to_pylist()
    shard_of = {row["key"]: row["shard"] for row in rows if row["status"] == "ok"}
    labels = fill_cache(pairs, registered, sorted(shard_of), "both", spec, cache, runtime, progress)
    index = read_index(pairs)
    members: list[dict[str, dict[str, str]]] = [defaultdict(dict) for _ in index["shardlist"]]
    for label in labels:
        members[shard_of[label.key]][label.key][label.modality] = label.sha256
    tasks = [
        ShardTask(
            work / "shards" / spec.fingerprint / shard_name(number),
            pairs,
            registered,
            dict(those),
            cache / spec.fingerprint,
            truth,
            least_px,
        )
        for number, those in enumerate(members)
    ]
    for task in tasks:  # quick, where starting a process costs seconds: it reads in PyTorch
        if finished_shard(task.path) is None:
            write_masks_shard(task)
    final = [adopt_shard(task.path, out) for task in tasks]
    found = facts(pa.concat_tables(table for _, table in final), hours_of(pairs))
    manifest = write_product_files(
        out,
        product="masks",
        dataset=index["dataset"],
        shards=final,
        card=card(index["dataset"], spec, least_px, found),
    )
    fresh = sum(label.fresh for label in labels)
    return Masked(manifest, found, fresh, len(labels) - fresh)
