"""One shard of a product of labels: what the cache holds, and how well it fits the truth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.annotators.cache import LabelCache
from twinband.annotators.labellers._base import Kind
from twinband.annotators.pseudo_labels.encode import read_depth
from twinband.annotators.pseudo_labels.labeller import FIELD, compact
from twinband.annotators.pseudo_labels.truth import (
    Truth,
    class_counts,
    depth_scores,
    iou_of_classes,
)
from twinband.errors import WorkFailed
from twinband.shards.decode import decode_fields
from twinband.shards.write import OK, Shard, ShardWriter

# What the manifests hold beyond the columns of every product. Scores are null where no truth is
# known; `confusion` is a matrix of the truth's classes, row after row, the truth in rows.
COMMON = [
    pa.field("modality", pa.string()),
    pa.field("image_sha256", pa.string()),
    pa.field("consistency_flip", pa.float64()),
    pa.field("consistency_scale", pa.float64()),
]
COLUMNS: Mapping[Kind, Sequence[pa.Field]] = {
    "depth": [
        *COMMON,
        pa.field("inverse", pa.bool_()),
        pa.field("scale_m", pa.float64()),
        pa.field("abs_rel", pa.float64()),
        pa.field("delta1", pa.float64()),
    ],
    "semantics": [
        *COMMON,
        pa.field("confidence", pa.float64()),
        pa.field("miou", pa.float64()),
        pa.field("pixel_accuracy", pa.float64()),
        pa.field("confusion", pa.list_(pa.int64())),
    ],
}
SAID = ("consistency_flip", "consistency_scale", "inverse", "scale_m", "confidence")
ABSENT = {"status": "absent", "reason": "no_thermal", "detail": "the pair has no thermal image"}


@dataclass(frozen=True, slots=True)
class Member:
    """A pair of the shard.

    Attributes:
        key: of the pair.
        name: under which the truth knows it; empty if it lies on another grid than the truth.
        modality: of the image that was labelled; empty if there is none.
        sha256: of that image.
    """

    key: str
    name: str
    modality: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What one worker does: the labels of some pairs become the shard at ``path``.

    Attributes:
        kind: of labels.
        members: in order of key.
        cache: folder of the labels.
        truth: to score against.
        names: of the annotator's classes.
    """

    path: Path
    kind: Kind
    members: tuple[Member, ...]
    cache: Path
    truth: Truth
    names: tuple[str, ...]


def write_label_shard(task: ShardTask) -> Shard:
    """Write the shard.

    Raises:
        WorkFailed: somebody deleted a label from the cache meanwhile.
        InputError: a truth cannot be read, or does not fit its pair.
    """
    cache = LabelCache(task.cache)
    with ShardWriter(task.path, COLUMNS[task.kind]) as writer:
        for member in task.members:
            if not member.modality:
                writer.skip(member.key, ABSENT)
                continue
            fields = _read(cache, member.sha256)
            image = {"modality": member.modality, "image_sha256": member.sha256}
            said = {**json.loads(fields[FIELD]), **image}
            fields[FIELD] = compact(said)
            row = {**image, **{name: said[name] for name in SAID if name in said}}
            if member.name:
                row |= _scores(task, member.name, decode_fields(fields))
            writer.add(member.key, fields, {**row, **OK})
    return writer.shard


def _read(cache: LabelCache, sha256: str) -> dict[str, bytes]:
    fields = cache.get(sha256)
    if fields is None:
        raise WorkFailed(
            f"{cache.path_of(sha256)} was deleted while the stage ran; run it again: what is left"
            " is not made anew"
        )
    return fields


def _scores(task: ShardTask, name: str, label: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that only the truth can fill."""
    if task.kind == "depth":
        depth = read_depth(label)
        metres = task.truth.depth_m(name, depth.values.shape)
        return {} if metres is None else depth_scores(metres, depth) or {}
    ids = task.truth.ids_of(task.names)
    truth = None if ids is None else task.truth.semantics(name, label["classes"].shape)
    if ids is None or truth is None:
        return {}
    confusion = class_counts(truth, label["classes"], ids, len(task.truth.classes))
    iou = iou_of_classes(confusion)
    if np.isnan(iou).all():
        return {}
    return {
        "miou": round(float(np.nanmean(iou)), 6),
        "pixel_accuracy": round(float(np.trace(confusion) / confusion.sum()), 6),
        "confusion": confusion.ravel().tolist(),
    }
