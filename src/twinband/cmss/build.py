"""The measure over a whole dataset, counted shard by shard; its histograms and facts."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.cmss.encoder import WeightsFile, grid_of, measure
from twinband.cmss.facts import CmssFacts, card
from twinband.cmss.fitted import Fitted, facts_of
from twinband.cmss.params import CmssParams
from twinband.cmss.statistics import Bins, Measure, Statistics, write_histograms
from twinband.core.errors import InputError
from twinband.core.parallel import map_unfinished
from twinband.core.params import Run
from twinband.drawing import hours_of
from twinband.shards.product import CARD, read_index, read_manifest, to_json
from twinband.shards.read import open_products
from twinband.shards.registered import (
    RegisteredPair,
    object_mask,
    pixels_of_patches,
    registered_pair,
)
from twinband.shards.write import is_kept, keep, read_kept, write_atomically


@dataclass(frozen=True, slots=True)
class Plan:
    """The pairs of a dataset that can be measured.

    Attributes:
        shards: of each shard the keys of its pairs, with their hour of the day.
        thermal_absent: pairs left out, for they count as having no thermal image.
    """

    shards: tuple[tuple[tuple[str, str], ...], ...]
    thermal_absent: int

    @classmethod
    def of(cls, pairs: Path, registered: Path) -> "Plan":
        """List all usable pairs of a dataset, in order of key.

        Raises:
            InputError: a folder is no finished product.
        """
        rows = read_manifest(pairs, ["key", "status", "shard"]).to_pylist()
        registration = read_manifest(registered, ["key", "thermal_present"]).to_pylist()
        absent = {row["key"] for row in registration if row["thermal_present"] is False}
        hours = hours_of(pairs)
        shards: list[list[tuple[str, str]]] = [[] for _ in read_index(pairs).shardlist]
        usable = [row for row in rows if row["status"] == "ok"]
        for row in usable:
            if row["key"] not in absent:
                shards[row["shard"]].append((row["key"], hours[row["key"]]))
        left_out = sum(row["key"] in absent for row in usable)
        return cls(tuple(tuple(sorted(members)) for members in shards), left_out)


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to be counted: the measure of ``members`` (key and hour), kept as JSON at
    ``path``."""

    path: Path
    pairs: Path
    registered: Path
    members: tuple[tuple[str, str], ...]
    weights: WeightsFile
    params: CmssParams


@dataclass(frozen=True, slots=True)
class Measured:
    """A dataset that was measured.

    Attributes:
        statistics: of the whole dataset.
        shards: how many there are.
        continued: how many of them were found finished from an interrupted run.
    """

    statistics: Statistics
    shards: int
    continued: int


def measure_dataset(
    params: CmssParams, pairs: Path, registered: Path, weights: WeightsFile, run: Run
) -> Measured:
    """Measure every pair of a dataset that has both images.

    Args:
        run: shards counted in its work folder are not measured again.

    Raises:
        InputError: pairs, registration and encoder do not fit together, or there is nothing to
            count.
    """
    grid_of(weights, params)  # tells at once what is wrong with the encoder
    plan = Plan.of(pairs, registered)
    tasks = [
        ShardTask(
            run.work / "shards" / f"{number:06d}.json", pairs, registered, members, weights, params
        )
        for number, members in enumerate(plan.shards)
    ]
    continued = map_unfinished(
        count_shard, tasks, run.runtime, finished=is_kept, progress=run.progress
    )
    statistics = Statistics(_bins(params))
    for task in tasks:
        statistics.merge(Statistics.from_json(json.loads(read_kept(task.path))))
    statistics.counts.thermal_absent = plan.thermal_absent
    _check_countable(statistics, pairs)
    return Measured(statistics, len(tasks), continued)


def write_measured(
    out: Path, dataset: str, params: CmssParams, weights: WeightsFile, statistics: Statistics
) -> tuple[Fitted, CmssFacts]:
    """Fit a dataset's histograms, and write them with their card.

    Args:
        out: folder of the product.
    """
    fitted = Fitted.to(statistics.patches, **params.mixture.model_dump())
    kind = Measure(params.variance, params.image_px, weights.sha256)
    facts = facts_of(statistics, fitted, write_histograms(out, dataset, kind, statistics))
    text = card(
        dataset,
        facts,
        variance=params.variance,
        image_px=params.image_px,
        weights_sha256=weights.sha256,
    )
    write_atomically(out / CARD, text.encode())
    return fitted, facts


def count_shard(task: ShardTask) -> None:
    """Measure the pairs of one shard and keep their statistics."""
    params = task.params
    grid = grid_of(task.weights, params)
    statistics = Statistics(_bins(params))
    hours = dict(task.members)
    dataset = open_products({"pairs": task.pairs, "registered": task.registered}, hours)
    for begin in range(0, len(dataset), params.batch):
        samples = dataset[begin : begin + params.batch]
        views = [registered_pair(sample) for sample in samples]
        values = measure(views, task.weights, params)
        for sample, view, row in zip(samples, views, values, strict=True):
            count_pair(statistics, view, hours[sample["key"]], row, grid)
    keep(task.path, to_json(statistics.to_json()))


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


def _bins(params: CmssParams) -> Bins:
    return Bins(params.low, params.high, params.bins)


def _check_countable(statistics: Statistics, pairs: Path) -> None:
    counts, patches = statistics.counts, statistics.patches
    if counts.pairs == 0:
        raise InputError(
            f"{pairs}: no pair has both images ({counts.thermal_absent} count as having no "
            "thermal image); see facts/register, or take the dataset out of cmss.items"
        )
    if not patches.counts.any():
        raise InputError(
            f"{pairs}: none of {patches.total} patches has a measure from 10^{patches.low:g} to "
            f"10^{patches.high:g} ({patches.below} below, {patches.above} above); widen "
            "cmss.common.low and high. All of them 0 means that the encoder is broken: its "
            "tokens are not finite"
        )
