"""One product of labels of a dataset: label what is unknown, then write shard by shard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.annotators.examples import hours_of
from twinband.annotators.fill import ImageLabel, fill_cache
from twinband.annotators.labellers._base import Annotator, Kind
from twinband.annotators.pseudo_labels.card import card
from twinband.annotators.pseudo_labels.facts import facts
from twinband.annotators.pseudo_labels.labeller import LabelSpec
from twinband.annotators.pseudo_labels.shard import Member, ShardTask, write_label_shard
from twinband.annotators.pseudo_labels.truth import Truth
from twinband.params.base import ParamsError
from twinband.params.runtime import Runtime
from twinband.shards.adopt import adopt_shard
from twinband.shards.manifest import read_index, read_manifest, to_json, write_product_files
from twinband.shards.write import finished_shard, shard_name, write_atomically

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
        where = f"pseudo_labels.common.{kind}"
        try:
            annotator: Annotator = spec.open_annotator()
        except ValueError as error:
            raise ParamsError([f"{where}: {error}"]) from None
        if annotator.kind != kind:
            raise ParamsError([f"{where}.annotator: {spec.name} labels {annotator.kind}"])
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
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> Labelled:
    """Label the images of all pairs and write the product at ``out``.

    Args:
        modality: which images, see ``modalities_of``.
        truth: to score against, as far as it knows the pairs.
        cache: root of the cache, shared by datasets and processes.
        work: kept between tries; shards finished there are not written again.
        progress: is told how many pairs are labelled, and of how many.

    Raises:
        InputError: the products do not fit together, or the truth does not fit.
        WorkFailed: the annotator's answers are unusable.
    """
    index = read_index(pairs)
    shards = _members(pairs, registered, {})
    keys = sorted(member.key for members in shards for member in members)
    spec = asked.spec
    labels = fill_cache(pairs, registered, keys, modality, spec, cache, runtime, progress)
    members = _members(pairs, registered, {label.key: label for label in labels})
    tasks = [
        ShardTask(
            work / asked.kind / shard_name(number),
            asked.kind,
            those,
            cache / spec.fingerprint,
            truth,
            asked.names,
        )
        for number, those in enumerate(members)
    ]
    for task in tasks:  # quick, where starting a process costs seconds: it reads in PyTorch
        if finished_shard(task.path) is None:
            write_label_shard(task)
    final = [adopt_shard(task.path, out) for task in tasks]
    rows = pa.concat_tables(table for _, table in final)
    found = facts(asked.kind, rows, hours_of(pairs), spec, truth.classes)
    if asked.names:
        write_atomically(out / CLASSES, to_json({"classes": list(asked.names)}))
    manifest = write_product_files(
        out,
        product=asked.kind,
        dataset=index["dataset"],
        shards=final,
        card=card(asked.kind, index["dataset"], spec, asked.rule, asked.names, found),
    )
    fresh = sum(label.fresh for label in labels)
    return Labelled(manifest, found, fresh, len(labels) - fresh)


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
