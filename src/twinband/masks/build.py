"""The whole of ``sam_masks`` for one dataset: label what is unknown, then write shard by shard.

One shard of the product ``masks``: what the cache holds, and how well it fits the truth.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.core.errors import WorkFailed
from twinband.core.params import Run
from twinband.drawing import hours_of
from twinband.labels.cache import LabelCache
from twinband.labels.fill import fill_cache
from twinband.labels.images import MODALITIES
from twinband.masks.annotator import FIELD, SamSpec, compact
from twinband.masks.facts import card, facts
from twinband.masks.truth import object_ious, truths_of
from twinband.shards.product import build_product, read_index, read_manifest
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import OK, Shard, ShardWriter, shard_name

# What the manifest of `masks` holds beyond the columns of every product. Of an image that counts
# as absent all is null; `object_iou_*` also of a pair that is not scored, see `truth`.
COLUMNS = [
    *(pa.field(f"masks_{modality}", pa.int32()) for modality in MODALITIES),
    *(pa.field(f"sha256_{modality}", pa.string()) for modality in MODALITIES),
    pa.field("truth", pa.string()),
    *(pa.field(f"object_iou_{modality}", pa.list_(pa.float32())) for modality in MODALITIES),
]


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What one worker does: the masks of some pairs become the shard at ``path``.

    Attributes:
        labels: of each pair's key the SHA-256 of its images by modality.
        cache: folder of the labels.
        truth: folder with ``instances``.
        least_px: objects of so many pixels and more are scored.
    """

    path: Path
    pairs: Path
    registered: Path
    labels: Mapping[str, Mapping[str, str]]
    cache: Path
    truth: Path
    least_px: int


def write_masks_shard(task: ShardTask) -> Shard:
    """Write the shard.

    Raises:
        WorkFailed: somebody deleted a label from the cache meanwhile.
        InputError: a truth cannot be read, or does not fit its pair.
    """
    cache = LabelCache(task.cache)
    truths = truths_of(task.pairs, task.registered, task.truth, task.labels)
    dataset = open_products({"pairs": task.pairs, "registered": task.registered}, task.labels)
    with ShardWriter(task.path, COLUMNS) as writer:
        for index, key in enumerate(dataset.keys):
            sha256s, truth = task.labels[key], truths[key]
            found = {modality: _read(cache, sha256) for modality, sha256 in sha256s.items()}
            row: dict[str, Any] = {"truth": truth.status}
            for modality, said in found.items():
                row[f"masks_{modality}"] = len(said["masks"])
                row[f"sha256_{modality}"] = said["sha256"]
            if truth.path is not None:
                pair = registered_pair(dataset[index])
                ious = object_ious(truth.path, pair, found, task.least_px)
                row |= {f"object_iou_{modality}": values for modality, values in ious.items()}
            fields = {f"{modality}.json": compact(said) for modality, said in found.items()}
            writer.add(key, fields, {**row, **OK})
    return writer.shard


def _read(cache: LabelCache, sha256: str) -> dict[str, Any]:
    fields = cache.get(sha256)
    if fields is None:
        raise WorkFailed(
            f"{cache.path_of(sha256)} was deleted while the stage ran; run it again: what is left"
            " is not made anew"
        )
    return {**json.loads(fields[FIELD]), "sha256": sha256}


@dataclass(frozen=True, slots=True)
class Masked:
    """A dataset whose masks were made.

    Attributes:
        manifest: one row a pair.
        facts: counts and scores.
        fresh: images that were labelled by this run.
        known: images whose label was in the cache.
    """

    manifest: pa.Table
    facts: dict[str, Any]
    fresh: int
    known: int


def build_masks(
    spec: SamSpec,
    pairs: Path,
    registered: Path,
    *,
    truth: Path,
    least_px: int,
    cache: Path,
    out: Path,
    run: Run,
) -> Masked:
    """Find the masks of both images of all pairs and write the product at ``out``.

    Args:
        truth: folder with ``instances/NAME.png`` to score against, if it has any.
        least_px: objects of so many pixels and more are scored.
        cache: root of the cache, shared by datasets and processes.
        run: is told how many pairs are labelled; shards finished in its work folder are not
            written again.

    Raises:
        InputError: the products do not fit together, the device is not there, the weights are no
            SAM, or the truth does not fit.
    """
    spec.check_device()
    rows = read_manifest(pairs, ["key", "status", "shard"]).to_pylist()
    shard_of = {row["key"]: row["shard"] for row in rows if row["status"] == "ok"}
    keys = sorted(shard_of)
    labels = fill_cache(pairs, registered, keys, "both", spec, cache, run.runtime, run.progress)
    index = read_index(pairs)
    members: list[dict[str, dict[str, str]]] = [defaultdict(dict) for _ in index["shardlist"]]
    for label in labels:
        members[shard_of[label.key]][label.key][label.modality] = label.sha256
    tasks = [
        ShardTask(
            run.work / "shards" / spec.fingerprint / shard_name(number),
            pairs,
            registered,
            dict(shard),
            cache / spec.fingerprint,
            truth,
            least_px,
        )
        for number, shard in enumerate(members)
    ]
    described: dict[str, Any] = {}

    def described_by(rows: pa.Table) -> str:
        described.update(facts(rows, hours_of(pairs)))
        return card(index["dataset"], spec, least_px, described)

    built = build_product(
        out,
        product="masks",
        dataset=index["dataset"],
        tasks=tasks,
        write_shard=write_masks_shard,
        card=described_by,
        run=run.quick(),
    )
    fresh = sum(label.fresh for label in labels)
    return Masked(built.manifest, described, fresh, len(labels) - fresh)
