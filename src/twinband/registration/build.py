"""Registration of one dataset: pool rigs, register shard by shard, gather."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from twinband.core.errors import InputError, told
from twinband.core.parallel import map_unfinished
from twinband.core.params import ParamsError, Run
from twinband.registration.facts import card, facts_of
from twinband.registration.geometry import Matrix
from twinband.registration.pairs import Pairs
from twinband.registration.params import RegisterParams
from twinband.registration.plausible import refuted_by_rig
from twinband.registration.shard import ShardTask, write_registered_shard
from twinband.registration.trust import (
    WHOLE_DATASET,
    estimate_rig,
    open_backend,
    read_homographies,
    spread,
    supplied_name,
)
from twinband.shards.product import Built, build_product, read_index, read_manifest
from twinband.shards.write import is_kept, keep, read_kept, shard_name

WHOLE_RIG = ""
UNKNOWN = b"null"  # in a rig's file: the backend could not tell
ASKED_PAIRS = 8  # of a rig, about its supplied matrix
REFUTED, TRUSTED = b"refuted", b"trusted"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RigTask:
    """One pooled estimate: ``keys`` of ``pairs`` into the file at ``path``."""

    path: Path
    pairs: Path
    keys: tuple[str, ...]
    settings: RegisterParams


@dataclass(frozen=True, slots=True)
class VerdictTask:
    """A supplied matrix of several pairs, some of whose ``keys`` are asked about it."""

    path: Path
    pairs: Path
    keys: tuple[str, ...]
    matrix: Matrix


def register(
    params: RegisterParams, pairs: Path, homographies: Path, truth: Path, out: Path, run: Run
) -> Built:
    """Register the product at ``pairs`` and write the product at ``out``.

    Args:
        homographies: CSV of supplied transforms.
        truth: CSV of true transforms, only to score against.
        run: rigs and shards that are finished in its work folder are not made again.

    Raises:
        InputError: the pairs or a CSV are not what they should be.
        ParamsError: there is no such backend, or it does not take its options.
    """
    columns = ["key", "status", "shard", "name", "group", "frame", "thermal_path"]
    rows = read_manifest(pairs, columns)
    index = read_index(pairs)
    _check_backend(params, index.dataset)
    supplied, true = (_transforms(path, rows) for path in (homographies, truth))
    present = [row for row in rows.to_pylist() if row["status"] == "ok"]
    both = [row for row in present if row["thermal_path"]]
    rigs = _rig_tasks(pairs, both, params, run.work / "rigs")
    map_unfinished(write_rig, list(rigs.values()), run.runtime, finished=is_kept)
    known = {name: task.path for name, task in rigs.items() if read_kept(task.path) != UNKNOWN}
    asked = _verdict_tasks(pairs, both, supplied, run.work / "supplied")
    map_unfinished(write_verdict, list(asked.values()), run.runtime, finished=is_kept)
    refuted = frozenset(name for name, task in asked.items() if read_kept(task.path) == REFUTED)
    members: list[list[Row]] = [[] for _ in index.shardlist]
    for row in present:
        members[row["shard"]].append(row)
    tasks = [
        ShardTask(
            path=run.work / "shards" / shard_name(number),
            pairs=pairs,
            keys=tuple(sorted(row["key"] for row in shard)),
            settings=params,
            homographies=_concerning(shard, supplied),
            refuted=refuted,
            truth=_concerning(shard, true),
            rigs=known,
        )
        for number, shard in enumerate(members)
    ]
    return build_product(
        out,
        product="registered",
        dataset=index.dataset,
        tasks=tasks,
        write_shard=write_registered_shard,
        card=lambda rows: card(index.dataset, params, facts_of(rows)),
        run=run,
    )


def write_rig(task: RigTask) -> None:
    """Estimate and keep one pooled transform."""
    pairs = Pairs(task.pairs, task.keys)
    estimator = open_backend(task.settings.backend, task.settings.options)
    rig = estimate_rig((pairs.sample(key) for key in task.keys), estimator)
    if rig is None:
        keep(task.path, UNKNOWN)
    else:
        rig.save(task.path)


def write_verdict(task: VerdictTask) -> None:
    """Ask the pairs that have the first one's sizes about their matrix, and keep the answer."""
    pairs = Pairs(task.pairs, task.keys)
    images = [(sample.rgb, sample.thermal) for sample in map(pairs.sample, task.keys)]
    sizes = [(rgb.shape, thermal.shape) for rgb, thermal in images]
    alike = [pair for pair, size in zip(images, sizes, strict=True) if size == sizes[0]]
    keep(task.path, REFUTED if refuted_by_rig(alike, task.matrix) else TRUSTED)


def _check_backend(settings: RegisterParams, dataset: str) -> None:
    """Raise ParamsError at once, and not in the first worker, if it cannot be opened."""
    try:
        open_backend(settings.backend, settings.options)
    except ValueError as error:
        raise ParamsError([f"register.items.{dataset}: {error}"]) from None


def _transforms(path: Path, rows: pa.Table) -> dict[str, Matrix]:
    """Read the CSV's transforms by name.

    Raises:
        InputError: a transform belongs to nothing, most likely by a slip.
    """
    matrices = read_homographies(path)
    known = {WHOLE_DATASET, *rows["name"].to_pylist(), *rows["group"].to_pylist()}
    if unknown := sorted(matrices.keys() - known):
        raise InputError(
            f"{path}: {len(unknown)} names are neither a pair's nor a sequence's nor "
            f"{WHOLE_DATASET!r} ({told(', '.join(unknown[:5]))})"
        )
    return matrices


def _concerning(rows: Sequence[Row], matrices: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Select the transforms that pairs of ``rows`` may get: no task carries the others."""
    names = {WHOLE_DATASET, *(row[kind] for row in rows for kind in ("name", "group"))}
    return {name: matrices[name] for name in sorted(names & matrices.keys())}


def _verdict_tasks(
    pairs: Path, present: Sequence[Row], supplied: Mapping[str, Matrix], folder: Path
) -> dict[str, VerdictTask]:
    """Plan a task for every supplied matrix that several pairs share."""
    members: dict[str, list[str]] = defaultdict(list)
    for row in present:
        name = supplied_name(row["name"], row["group"], supplied)
        if name is not None:
            members[name].append(row["key"])
    return {
        name: VerdictTask(
            _file_of(name, folder),
            pairs,
            tuple(spread(sorted(keys), min(len(keys), ASKED_PAIRS))),
            supplied[name],
        )
        for name, keys in sorted(members.items())
        if len(keys) > 1
    }


def _file_of(name: str, folder: Path) -> Path:
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


def _rig_tasks(
    pairs: Path, present: Sequence[Row], settings: RegisterParams, folder: Path
) -> dict[str, RigTask]:
    """Plan a task for every rig or sequence with pairs enough to pool."""
    if settings.aligned or settings.rig == "pair":
        return {}
    members: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in present:
        name = WHOLE_RIG if settings.rig == "dataset" else row["group"]
        members[name].append((row["frame"] or 0, row["key"]))
    tasks = {}
    for name, frames in sorted(members.items()):
        if len(frames) >= settings.pooled_pairs:
            keys = spread([key for _, key in sorted(frames)], settings.pooled_pairs)
            tasks[name] = RigTask(_file_of(name, folder), pairs, tuple(keys), settings)
    return tasks
