"""One product of labels of a dataset: label what is unknown, then write shard by shard.

One shard of a product of labels: what the cache holds, and how well it fits the truth.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.core.errors import WorkFailed
from twinband.core.params import ParamsError, Run
from twinband.drawing import hours_of
from twinband.labels.cache import LabelCache
from twinband.labels.fill import ImageLabel, fill_cache
from twinband.pseudo_labels.annotator import FIELD, LabelSpec, compact
from twinband.pseudo_labels.facts import card, facts
from twinband.pseudo_labels.label import Annotator, Kind, read_depth
from twinband.pseudo_labels.truth import Truth, class_counts, depth_scores, iou_of_classes
from twinband.shards.product import (
    build_product,
    read_index,
    read_manifest,
    to_json,
)
from twinband.shards.read import decode_fields
from twinband.shards.write import (
    OK,
    Shard,
    ShardWriter,
    shard_name,
    write_atomically,
)

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


CLASSES = "classes.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to label.

    Attributes:
        kind: of labels.
        spec: of the annotator.
        rule: how large it is shown an image.
        names: of its classes.
    """

    kind: Kind
    spec: LabelSpec
    rule: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, kind: Kind, spec: LabelSpec) -> "Asked":
        """Ask the annotator itself, before any work.

        Raises:
            InputError: the weights are not its own.
            ParamsError: there is no such annotator, it labels something else, or it does not take
                its options or the device.
        """
        where = f"pseudo_labels: {kind}"
        try:
            annotator: Annotator = spec.open_annotator()
        except ValueError as error:
            raise ParamsError([f"{where}: {error}"]) from None
        if annotator.kind != kind:
            raise ParamsError([f"{where}: {spec.name} labels {annotator.kind}"])
        return cls(kind, spec, annotator.rule, tuple(annotator.names))


@dataclass(frozen=True, slots=True)
class Labelled:
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


def build_labels(
    asked: Asked,
    pairs: Path,
    registered: Path,
    *,
    modality: str,
    truth: Truth,
    cache: Path,
    out: Path,
    run: Run,
) -> Labelled:
    """Label the images of all pairs and write the product at ``out``.

    Args:
        modality: which images, see ``modalities_of``.
        truth: to score against, as far as it knows the pairs.
        cache: root of the cache, shared by datasets and processes.
        run: is told how many pairs are labelled; shards finished in its work folder are not
            written again.

    Raises:
        InputError: the products do not fit together, or the truth does not fit.
        WorkFailed: the annotator's answers are unusable.
    """
    index = read_index(pairs)
    shards = _members(pairs, registered, {})
    keys = sorted(member.key for members in shards for member in members)
    spec = asked.spec
    labels = fill_cache(pairs, registered, keys, modality, spec, cache, run.runtime, run.progress)
    tasks = [
        ShardTask(
            run.work / asked.kind / shard_name(number),
            asked.kind,
            members,
            cache / spec.fingerprint,
            truth,
            asked.names,
        )
        for number, members in enumerate(
            _members(pairs, registered, {label.key: label for label in labels})
        )
    ]
    described: dict[str, Any] = {}

    def described_by(rows: pa.Table) -> str:
        described.update(facts(asked.kind, rows, hours_of(pairs), spec, truth.classes))
        return card(asked.kind, index["dataset"], spec, asked.rule, asked.names, described)

    if asked.names:
        write_atomically(out / CLASSES, to_json({"classes": list(asked.names)}))
    built = build_product(
        out,
        product=asked.kind,
        dataset=index["dataset"],
        tasks=tasks,
        write_shard=write_label_shard,
        card=described_by,
        run=run.quick(),
    )
    fresh = sum(label.fresh for label in labels)
    return Labelled(built.manifest, described, fresh, len(labels) - fresh)


def _members(
    pairs: Path, registered: Path, labels: Mapping[str, ImageLabel]
) -> list[tuple[Member, ...]]:
    """Of each shard of ``pairs`` the usable pairs, with their labels as far as there are any."""
    grids = read_manifest(registered, ["key", "grid"]).to_pylist()
    on_rgb = {row["key"] for row in grids if row["grid"] == "rgb"}
    shards: list[list[Member]] = [[] for _ in read_index(pairs)["shardlist"]]
    for row in read_manifest(pairs, ["key", "status", "shard", "name"]).to_pylist():
        if row["status"] == "ok":
            key, label = row["key"], labels.get(row["key"])
            name = row["name"] if key in on_rgb else ""
            image = (label.modality, label.sha256) if label else ("", "")
            shards[row["shard"]].append(Member(key, name, *image))
    return [tuple(sorted(those, key=lambda member: member.key)) for those in shards]
