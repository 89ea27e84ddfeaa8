"""One product of labels of a dataset: images are labelled, then written shard by shard."""

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
from twinband.labels.encoding import compact
from twinband.labels.fill import ImageLabel, fill_cache
from twinband.pseudo_labels.annotator import FIELD, LabelSpec
from twinband.pseudo_labels.facts import ClassFacts, DepthFacts, card
from twinband.pseudo_labels.label import Annotator, Kind, read_depth
from twinband.pseudo_labels.scores import facts_of
from twinband.pseudo_labels.truth import Truth, class_counts, depth_scores, iou_of_classes
from twinband.shards.product import (
    build_product,
    product_id,
    read_index,
    read_manifest,
    to_json,
)
from twinband.shards.read import decode_fields
from twinband.shards.write import OK, Shard, ShardWriter, shard_name, write_atomically

# Columns of the manifests beyond those of every product. Scores are null where no truth is
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
DESCRIBED = ("consistency_flip", "consistency_scale", "inverse", "scale_m", "confidence")
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
    """One shard to be written: the labels of some pairs, at ``path``.

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
            description = {**json.loads(fields[FIELD]), **image}
            fields[FIELD] = compact(description)
            row = {**image, **{n: description[n] for n in DESCRIBED if n in description}}
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
    """Fill the columns that only the truth can tell."""
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
class CheckedAnnotator:
    """An annotator that labels what it is asked for.

    Attributes:
        kind: of labels.
        spec: all that decides its labels.
        rule: in words, at which size it is shown an image.
        names: of its classes.
    """

    kind: Kind
    spec: LabelSpec
    rule: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, kind: Kind, spec: LabelSpec) -> "CheckedAnnotator":
        """Open the annotator and check it, before any work.

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
    """A dataset that was labelled.

    Attributes:
        manifest: one row a pair.
        facts: of the product.
        fresh: images that were labelled by this run.
        known: images whose label was in the cache.
    """

    manifest: pa.Table
    facts: DepthFacts | ClassFacts
    fresh: int
    known: int


def build_labels(
    annotator: CheckedAnnotator,
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
    kind, spec, names = annotator.kind, annotator.spec, annotator.names
    index = read_index(pairs)
    shards = _members(pairs, registered, {})
    keys = sorted(member.key for members in shards for member in members)
    labels = fill_cache(pairs, registered, keys, modality, spec, cache, run.runtime, run.progress)
    tasks = [
        ShardTask(
            run.work / kind / shard_name(number),
            kind,
            members,
            cache / spec.fingerprint,
            truth,
            names,
        )
        for number, members in enumerate(
            _members(pairs, registered, {label.key: label for label in labels})
        )
    ]
    hours = hours_of(pairs)

    def describe(rows: pa.Table, product: str = "") -> DepthFacts | ClassFacts:
        return facts_of(kind, rows, hours, spec, truth.classes, product)

    def write_card(rows: pa.Table) -> str:
        described = spec.described(annotator.rule)
        return card(kind, index.dataset, describe(rows), described, names)

    if names:
        write_atomically(out / CLASSES, to_json({"classes": list(names)}))
    built = build_product(
        out,
        product=kind,
        dataset=index.dataset,
        tasks=tasks,
        write_shard=write_label_shard,
        card=write_card,
        run=run.quick(),
    )
    fresh = sum(label.fresh for label in labels)
    described = describe(built.manifest, product_id(out))
    return Labelled(built.manifest, described, fresh, len(labels) - fresh)


def _members(
    pairs: Path, registered: Path, labels: Mapping[str, ImageLabel]
) -> list[tuple[Member, ...]]:
    """List the usable pairs of each shard of ``pairs``, with the labels that there are."""
    grids = read_manifest(registered, ["key", "grid"]).to_pylist()
    on_rgb = {row["key"] for row in grids if row["grid"] == "rgb"}
    shards: list[list[Member]] = [[] for _ in read_index(pairs).shardlist]
    for row in read_manifest(pairs, ["key", "status", "shard", "name"]).to_pylist():
        if row["status"] == "ok":
            key, label = row["key"], labels.get(row["key"])
            name = row["name"] if key in on_rgb else ""
            image = (label.modality, label.sha256) if label else ("", "")
            shards[row["shard"]].append(Member(key, name, *image))
    return [tuple(sorted(members, key=lambda member: member.key)) for members in shards]
