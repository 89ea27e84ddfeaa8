"""Batches of augmented pairs, each a pure function of seed and step: ``PairBatches``.

The samples of all epochs form one endless stream; step ``s`` takes places ``s * batch_size`` to
``(s + 1) * batch_size``, divided among ranks and then among accumulated parts. So a run goes on at
any step without a replay, and batches depend neither on workers nor on ranks.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from twinband.core.normalise import Batch, normalise
from twinband.core.parallel import die_with_parent
from twinband.core.views import BILINEAR, NEAREST, Box, render
from twinband.training.augment import View, draw_view
from twinband.training.distributed import Ranks
from twinband.training.pixels import VOID, DecodedPixels, PairPixels, Pixels
from twinband.training.seeds import EpochSampler, seed_of
from twinband.training.settings import TrainingSettings

CLASS_STRIDE = 4  # classes come at a quarter of the image's height and width, as in MultiMAE


def keep_fraction(dataset: str, keys: Iterable[str], fraction: float) -> list[str]:
    """Keep about ``fraction`` of ``keys``, chosen by their names alone: growth of the dataset
    removes none, and a smaller fraction is a subset of a greater one."""
    return [key for key in keys if seed_of("fraction", dataset, key) < fraction * 2**63]


class Stream:
    """Batch sampler over an endless stream of ``(index, epoch)``, each epoch in another order.

    Yields one list for each accumulated part of this rank, from ``first_step`` to the last step,
    for a map-style dataset of ``length`` samples.

    Raises:
        ValueError: ``batch_size`` cannot be divided evenly.
    """

    def __init__(self, length: int, settings: TrainingSettings, ranks: Ranks, first_step: int):
        parts = ranks.world_size * settings.accumulation
        if settings.batch_size % parts:
            raise ValueError(
                f"batch_size = {settings.batch_size} is no multiple of {ranks.world_size} ranks "
                f"times accumulation = {settings.accumulation}"
            )
        self._batch_size = settings.batch_size
        self._share = settings.batch_size // ranks.world_size
        self._part = settings.batch_size // parts
        self._rank = ranks.rank
        self._steps = range(first_step, settings.steps)
        self._sampler = EpochSampler(length, shuffle=True, seed=settings.seed)
        self._length = length

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, order = -1, np.empty(0, np.int64)
        for step in self._steps:
            begin = step * self._batch_size + self._rank * self._share
            for first in range(begin, begin + self._share, self._part):
                part = []
                for place in range(first, first + self._part):
                    if place // self._length != epoch:
                        epoch = place // self._length
                        self._sampler.set_epoch(epoch)
                        order = np.fromiter(self._sampler, np.int64)
                    part.append((int(order[place % self._length]), epoch))
                yield part


@dataclass(frozen=True, slots=True)
class PairViews(torch.utils.data.Dataset[dict[str, Any]]):
    """Augmented views of pairs; ``views[index, epoch]`` depends on seed, pair and epoch alone."""

    pairs: PairPixels | DecodedPixels
    seed: int
    size_px: int
    shift_tolerance: bool

    def __getitem__(self, place: tuple[int, int]) -> dict[str, Any]:
        index, epoch = place
        name = self.pairs.names[index]
        seed = seed_of(self.seed, name, epoch)
        pixels = self.pairs[index]
        sizes = (_size(pixels.rgb), _size(pixels.thermal))
        generator = np.random.Generator(np.random.PCG64(seed))
        tolerance = pixels.shift_tolerance_px if self.shift_tolerance else 0
        view = draw_view(generator, *sizes, tolerance)
        sample = {
            "rgb": render(pixels.rgb, view.rgb, view.flip, self.size_px).transpose(2, 0, 1),
            "thermal": render(pixels.thermal, view.thermal, view.flip, self.size_px)[None],
            "key": name,
            "seed": seed,
        }
        return {**sample, **self._labels(pixels, view)} if self.pairs.labelled else sample

    def _labels(self, pixels: Pixels, view: View) -> dict[str, NDArray[Any]]:
        """Show the same part of the labels, which were made on the grid of RGB."""
        side = self.size_px // CLASS_STRIDE
        depth = np.full((self.size_px, self.size_px), np.nan, np.float32)
        semseg = np.full((side, side), VOID, np.uint8)
        if pixels.depth is not None:
            box = _scaled(view.rgb, _size(pixels.rgb), _size(pixels.depth))
            depth = render(pixels.depth, box, view.flip, self.size_px, BILINEAR)
        if pixels.semseg is not None:
            box = _scaled(view.rgb, _size(pixels.rgb), _size(pixels.semseg))
            semseg = render(pixels.semseg, box, view.flip, side, NEAREST)
        return {"depth": depth[None], "semseg": semseg.astype(np.int64)}


def _size(pixels: NDArray[Any]) -> tuple[int, int]:
    """Tell width and height."""
    return pixels.shape[1], pixels.shape[0]


def _scaled(box: Box, size: tuple[int, int], other: tuple[int, int]) -> Box:
    """Scale a box in an image of ``size`` to one of ``other``."""
    if size == other:
        return box
    across, down = other[0] / size[0], other[1] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


class PairBatches:
    """Batches of augmented pairs for ``train``.

    A batch holds ``rgb`` and ``thermal``, both ``B,3,size,size`` float32 on the rank's device,
    normalised with ImageNet's statistics (thermal three times the same channel); ``key``, a list
    of ``DATASET/KEY``; and ``seed``, ``B`` int64: a random number for each sample, whatever its
    batch, for models that draw random numbers sample by sample.

    Args:
        shift_tolerance: move thermal against RGB by up to what each pair's registration
            tolerates, see ``draw_view``.
        workers: processes that prepare batches ahead; 0 prepares them in this process.
    """

    def __init__(
        self,
        pairs: PairPixels | DecodedPixels,
        settings: TrainingSettings,
        *,
        size_px: int,
        shift_tolerance: bool,
        workers: int,
        ranks: Ranks | None = None,
    ) -> None:
        self._views = PairViews(pairs, settings.seed, size_px, shift_tolerance)
        self._settings = settings
        self._workers = workers
        self._ranks = ranks or Ranks()
        names = hashlib.sha256("\n".join(pairs.names).encode()).hexdigest()
        self.identity = {
            "pairs": len(pairs.names),
            "names_sha256": names,
            "size_px": size_px,
            "shift_tolerance": shift_tolerance,
        }

    def starting_at(self, step: int) -> Iterator[Batch]:
        """Yield the parts of this rank, ``accumulation`` a step, to the end of the run."""
        length = len(self._views.pairs)
        device = self._ranks.device(self._settings.device)
        loader = DataLoader(
            self._views,
            batch_sampler=Stream(length, self._settings, self._ranks, step),
            num_workers=self._workers,
            collate_fn=collate,
            multiprocessing_context="spawn" if self._workers else None,
            worker_init_fn=partial(_start_worker, os.getpid()),
            pin_memory=device.type == "cuda",
        )
        for batch in loader:
            yield normalise(batch, device)


def _start_worker(parent: int, worker: int) -> None:
    die_with_parent(parent)


def collate(samples: Sequence[dict[str, Any]]) -> Batch:
    """Stack samples, one contiguous tensor a field; pixels stay uint8 until on the device."""
    return {name: _stacked([sample[name] for sample in samples], name) for name in samples[0]}


def _stacked(values: list[Any], name: str) -> Any:
    if name == "key":
        return values
    if name == "seed":
        return torch.tensor(values, dtype=torch.int64)
    return torch.from_numpy(np.stack(values))
