"""The product ``masks`` of a dataset: images are labelled, then written shard by shard."""

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
from twinband.labels.encoding import compact
from twinband.labels.fill import fill_cache
from twinband.labels.images import LEAST_CONTRAST, MODALITIES, RING_PX
from twinband.masks.annotator import FIELD, SamSpec
from twinband.masks.facts import MaskFacts, card, facts_of
from twinband.masks.truth import object_ious, object_scores, truths_of
from twinband.shards.product import build_product, product_id, read_index, read_manifest
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.shards.write import OK, Shard, ShardWriter, shard_name

# Columns of the manifest of `masks` beyond those of every product. Of an image that counts as
# absent all is null; `object_iou_*` also of a pair that is not scored, see `truth`.
COLUMNS = [
    *(pa.field(f"masks_{modality}", pa.int32()) for modality in MODALITIES),
    *(pa.field(f"sha256_{modality}", pa.string()) for modality in MODALITIES),
    pa.field("truth", pa.string()),
    *(pa.field(f"object_iou_{modality}", pa.list_(pa.float32())) for modality in MODALITIES),
]


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to be written: the masks of some pairs, at ``path``.

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
            labels = {modality: _read(cache, sha256) for modality, sha256 in sha256s.items()}
            row: dict[str, Any] = {"truth": truth.status}
            for modality, label in labels.items():
                row[f"masks_{modality}"] = len(label["masks"])
                row[f"sha256_{modality}"] = label["sha256"]
            if truth.path is not None:
                pair = registered_pair(dataset[index])
                ious = object_ious(truth.path, pair, labels, task.least_px)
                row |= {f"object_iou_{modality}": values for modality, values in ious.items()}
            fields = {f"{modality}.json": compact(label) for modality, label in labels.items()}
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
        facts: of the product.
        fresh: images that were labelled by this run.
        known: images whose label was in the cache.
    """

    manifest: pa.Table
    facts: MaskFacts
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
    members: list[dict[str, dict[str, str]]] = [defaultdict(dict) for _ in index.shardlist]
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
    hours = hours_of(pairs)

    def describe(rows: pa.Table, product: str = "") -> MaskFacts:
        return facts_of(
            rows,
            object_scores(rows.to_pylist(), hours),
            weights=spec.weights.name,
            fingerprint=spec.annotator,
            product=product,
        )

    def write_card(rows: pa.Table) -> str:
        return card(index.dataset, describe(rows), spec.described(), scored_objects(least_px))

    built = build_product(
        out,
        product="masks",
        dataset=index.dataset,
        tasks=tasks,
        write_shard=write_masks_shard,
        card=write_card,
        run=run.quick(),
    )
    fresh = sum(label.fresh for label in labels)
    described = describe(built.manifest, product_id(out))
    return Masked(built.manifest, described, fresh, len(labels) - fresh)


def scored_objects(least_px: int) -> str:
    """Say which objects are scored."""
    return (
        f"Objects of {least_px} px and more which the labelled image shows: in some channel their "
        f"mean grey level differs by at least {LEAST_CONTRAST:g} of 255 from that of the "
        f"{RING_PX} px around them."
    )
