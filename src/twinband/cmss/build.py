"""The measure over a whole dataset, shard by shard."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.errors import InputError
from twinband.parallel import map_unfinished
from twinband.params.cmss import CmssCommon
from twinband.params.runtime import Runtime
from twinband.registration.view import RegisteredPair, registered_pair
from twinband.shards.join import open_products
from twinband.shards.manifest import read_index, read_manifest, to_json
from twinband.shards.write import write_atomically
from twinband.sparsity.embedded import WeightsFile, grid_of, measured
from twinband.sparsity.objects import object_mask, pixels_of_patches
from twinband.sparsity.statistics import Bins, Statistics

UNKNOWN_HOUR = "unknown"


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to measure.

    Attributes:
        shards: of each shard the keys of its pairs, with their hour of the day.
        thermal_absent: pairs left out, for they count as having no thermal image.
    """

    shards: tuple[tuple[tuple[str, str], ...], ...]
    thermal_absent: int

    @classmethod
    def of(cls, pairs: Path, registered: Path) -> "Plan":
        """All usable pairs of a dataset, in order of key.

        Raises:
            InputError: a folder is no finished product.
        """
        rows = read_manifest(pairs, ["key", "status", "shard", "hour"]).to_pylist()
        said = read_manifest(registered, ["key", "thermal_present"]).to_pylist()
        absent = {row["key"] for row in said if row["thermal_present"] is False}
        shards: list[list[tuple[str, str]]] = [[] for _ in read_index(pairs)["shardlist"]]
        usable = [row for row in rows if row["status"] == "ok"]
        for row in usable:
            if row["key"] not in absent:
                shards[row["shard"]].append((row["key"], row["hour"] or UNKNOWN_HOUR))
        left_out = sum(row["key"] in absent for row in usable)
        return cls(tuple(tuple(sorted(members)) for members in shards), left_out)


@dataclass(frozen=True, slots=True)
class ShardTask:
    """What one worker does: measure ``members`` (key and hour) into the JSON at ``path``."""

    path: Path
    pairs: Path
    registered: Path
    members: tuple[tuple[str, str], ...]
    weights: WeightsFile
    settings: CmssCommon


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of ``cmss`` counted.

    Attributes:
        statistics: of the whole dataset.
        shards: how many there are.
        continued: how many of them were found finished from an interrupted run.
    """

    statistics: Statistics
    shards: int
    continued: int


def measure_dataset(
    pairs: Path,
    registered: Path,
    weights: WeightsFile,
    settings: CmssCommon,
    *,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> Measured:
    """Measure every pair of a dataset that has both images.

    Args:
        work: kept between tries; shards counted there are not measured again.
        progress: is told how many shards are done, and of how many.

    Raises:
        InputError: pairs, registration and encoder do not fit together, or there is nothing to
            count.
    """
    grid_of(weights, settings)  # says at once what is wrong with the encoder
    plan = Plan.of(pairs, registered)
    tasks = [
        ShardTask(
            work / "shards" / f"{number:06d}.json", pairs, registered, members, weights, settings
        )
        for number, members in enumerate(plan.shards)
    ]
    continued = map_unfinished(
        count_shard, tasks, runtime, finished=Path.is_file, progress=progress
    )
    whole = Statistics(_bins(settings))
    for task in tasks:
        whole.merge(Statistics.from_json(json.loads(task.path.read_bytes())))
    whole.counts.thermal_absent = plan.thermal_absent
    _check_countable(whole, pairs)
    return Measured(whole, len(tasks), continued)


def count_shard(task: ShardTask) -> None:
    """Measure the pairs of one shard and write what was counted; appears whole or not at all."""
    settings = task.settings
    grid = grid_of(task.weights, settings)
    statistics = Statistics(_bins(settings))
    hours = dict(task.members)
    dataset = open_products({"pairs": task.pairs, "registered": task.registered}, hours)
    for begin in range(0, len(dataset), settings.batch):
        samples = dataset[begin : begin + settings.batch]
        views = [registered_pair(sample) for sample in samples]
        values = measured(views, task.weights, settings)
        for sample, view, row in zip(samples, views, values, strict=True):
            count_pair(statistics, view, hours[sample["key"]], row, grid)
    write_atomically(task.path, to_json(statistics.to_json()))


def count_pair(
    statistics: Statistics,
    pair: RegisteredPair,
    hour: str,
    values: NDArray[np.float32],
    grid: tuple[int, int],
) -> None:
    """Count one pair's patches, and the pixels of its objects.

    Only patches that both images cover: what lies beyond an image's edge is flat, and no scene.

    Args:
        values: ``L`` of the pair's patches.
        grid: rows and columns of patches.
    """
    covered = pixels_of_patches(~pair.valid, grid) == 0
    values = values[covered]
    patches = statistics.bins.empty()
    patches.add(values)
    statistics.counts.pairs += 1
    statistics.counts.partial_patches += int((~covered).sum())
    statistics.patches.merge(patches)
    statistics.add_hour(hour, 1, patches)
    mask = object_mask(pair.labels, pair.valid.shape)
    if mask is not None:
        statistics.counts.labelled_pairs += 1
        statistics.objects.add(values, pixels_of_patches(mask, grid)[covered])
        statistics.background.add(values, pixels_of_patches(~mask, grid)[covered])


def _bins(settings: CmssCommon) -> Bins:
    return Bins(settings.low, settings.high, settings.bins)


def _check_countable(statistics: Statistics, pairs: Path) -> None:
    counts, patches = statistics.counts, statistics.patches
    if counts.pairs == 0:
        raise InputError(
            f"{pairs}: no pair has both images ({counts.thermal_absent} count as having no "
            "thermal image); see metrics/register, or take the dataset out of cmss.datasets"
        )
    if not patches.counts.any():
        raise InputError(
            f"{pairs}: none of {patches.total} patches has a measure from 10^{patches.low:g} to "
            f"10^{patches.high:g} ({patches.below} below, {patches.above} above); widen "
            "cmss.common.low and high. All of them 0 means that the encoder is broken: its "
            "tokens are not finite"
        )
