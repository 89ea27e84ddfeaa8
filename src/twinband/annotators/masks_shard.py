"""One shard of the product ``masks``: what the cache holds, and how well it fits the truth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.annotators.cache import LabelCache
from twinband.annotators.images import MODALITIES
from twinband.annotators.masks_truth import object_ious, truths_of
from twinband.annotators.sam.labeller import FIELD, compact
from twinband.errors import WorkFailed
from twinband.registration.view import registered_pair
from twinband.shards.join import open_products
from twinband.shards.write import OK, Shard, ShardWriter

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
