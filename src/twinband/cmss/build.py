"""The measure over a whole dataset, shard by shard.

The measure over pairs of images, in the embedding of an encoder on disk.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.cmss.params import CmssParams
from twinband.cmss.statistics import Bins, Statistics
from twinband.core.errors import InputError
from twinband.core.images import render, to_eight_bits
from twinband.core.normalise import normalise
from twinband.core.parallel import map_unfinished
from twinband.core.params import Run
from twinband.masking.measure import cmss_raw
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_encoder
from twinband.shards.product import read_index, read_manifest, to_json
from twinband.shards.read import open_products
from twinband.shards.registered import (
    RegisteredPair,
    object_mask,
    pixels_of_patches,
    registered_pair,
)
from twinband.shards.write import write_atomically
from twinband.weights import sha256_of


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights, and the SHA-256 by which a changed file is known."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "WeightsFile":
        """The file as it is now.

        Raises:
            InputError: there is none.
        """
        if not path.is_file():
            raise InputError(f"{path}: no such file of weights; `dvc repro` makes what it can")
        return cls(path, sha256_of(path))


@lru_cache(maxsize=1)
def encoder_of(weights: WeightsFile) -> VisionTransformer:
    """The encoder, read once by each process.

    Raises:
        InputError: no such file, or not written by ``save_weights``.
    """
    return load_encoder(weights.path).eval()


def grid_of(weights: WeightsFile, settings: CmssParams) -> tuple[int, int]:
    """Rows and columns of patches of an image.

    Raises:
        InputError: as ``encoder_of``, or the images are no whole number of patches.
    """
    patch_px = encoder_of(weights).config.patch_px
    if settings.image_px % patch_px:
        raise InputError(
            f"cmss.common.image_px = {settings.image_px} is no multiple of the {patch_px} px "
            f"patches of {weights.path}"
        )
    return (settings.image_px // patch_px,) * 2


@torch.no_grad()
def measured(
    pairs: Sequence[RegisteredPair], weights: WeightsFile, settings: CmssParams
) -> NDArray[np.float32]:
    """``B,L`` unnormalised measure of every patch of whole pairs, resized to squares."""
    size_px = settings.image_px
    rgb = [_square(pair.rgb, size_px).transpose(2, 0, 1) for pair in pairs]
    thermal = [_square(to_eight_bits(pair.thermal), size_px)[None] for pair in pairs]
    images = {"rgb": np.stack(rgb), "thermal": np.stack(thermal)}
    encoder = encoder_of(weights)
    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads)
    try:
        batch = {name: torch.from_numpy(stack) for name, stack in images.items()}
        batch = normalise(batch, torch.device("cpu"))
        tokens = {name: encoder.tokens(stack) for name, stack in batch.items()}
        raw = cmss_raw(tokens["rgb"], tokens["thermal"], variance=settings.variance)
    finally:
        torch.set_num_threads(threads)
    return np.asarray(raw.numpy())


def _square(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    return render(pixels, (0, 0, width, height), False, size_px)


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
    settings: CmssParams


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
    params: CmssParams, pairs: Path, registered: Path, weights: WeightsFile, run: Run
) -> Measured:
    """Measure every pair of a dataset that has both images.

    Args:
        run: shards counted in its work folder are not measured again.

    Raises:
        InputError: pairs, registration and encoder do not fit together, or there is nothing to
            count.
    """
    grid_of(weights, params)  # says at once what is wrong with the encoder
    plan = Plan.of(pairs, registered)
    tasks = [
        ShardTask(
            run.work / "shards" / f"{number:06d}.json", pairs, registered, members, weights, params
        )
        for number, members in enumerate(plan.shards)
    ]
    continued = map_unfinished(
        count_shard, tasks, run.runtime, finished=Path.is_file, progress=run.progress
    )
    statistics = Statistics(_bins(params))
    for task in tasks:
        statistics.merge(Statistics.from_json(json.loads(task.path.read_bytes())))
    statistics.counts.thermal_absent = plan.thermal_absent
    _check_countable(statistics, pairs)
    return Measured(statistics, len(tasks), continued)


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


def _bins(settings: CmssParams) -> Bins:
    return Bins(settings.low, settings.high, settings.bins)


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
