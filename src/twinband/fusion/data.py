"""Crops of registered pairs to train fusion on: ``FusionBatches``.

Shapes: K masks, h and w pixels of a crop.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from twinband.core.errors import InputError
from twinband.core.normalise import Batch
from twinband.fusion.params import FusionData
from twinband.fusion.patches import Choice, Crop, filled_up
from twinband.shards.product import read_manifest
from twinband.shards.read import Dataset, open_products
from twinband.shards.registered import RegisteredPair, registered_pair
from twinband.training.data import Stream, collate
from twinband.training.distributed import Ranks
from twinband.training.seeds import seed_of
from twinband.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class FusionPairs:
    """Registered pairs of one dataset that show both images.

    Attributes:
        train: those to train on.
        all: all of them.
    """

    train: Dataset
    all: Dataset


def open_fusion_pairs(pairs: Path, registered: Path) -> FusionPairs:
    """Join a dataset's products.

    Raises:
        InputError: the products do not fit together, or no pair may be trained on.
    """
    products = {"pairs": pairs, "registered": registered}
    columns = ["key", "status", "training", "thermal_present"]
    rows = read_manifest(registered, columns).to_pylist()
    shown = [r for r in rows if r["status"] == "ok" and r["thermal_present"]]
    splits = read_manifest(pairs, ["key", "split"])
    split_of = dict(zip(splits["key"].to_pylist(), splits["split"].to_pylist(), strict=True))
    train = [r["key"] for r in shown if r["training"] and split_of[r["key"]] == "train"]
    if not train:
        raise InputError(f"{pairs}: no registered pair of the split train to learn fusion from")
    return FusionPairs(
        open_products(products, train), open_products(products, [r["key"] for r in shown])
    )


@dataclass(frozen=True, slots=True)
class Patches:
    """Masks for the teacher.

    Attributes:
        choose: gives them, for a crop.
        count: K, of each image.
        labels: table from label ids to the segmenter's classes.
    """

    choose: Choice
    count: int
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FusionCrops(torch.utils.data.Dataset[dict[str, Any]]):
    """Crops of pairs; ``crops[index, epoch]`` depends on seed, pair and epoch alone."""

    pairs: Dataset
    seed: int
    data: FusionData
    patches: Patches | None

    def __getitem__(self, place: tuple[int, int]) -> dict[str, Any]:
        index, epoch = place
        stored = self.pairs[index]
        key, pair = stored["key"], registered_pair(stored)
        seed = seed_of(self.seed, key, epoch)
        random = np.random.Generator(np.random.PCG64(seed))
        crop = self._crop(key, pair, random)
        flip = bool(random.random() < 0.5)
        ycrcb = cv2.cvtColor(pair.rgb, cv2.COLOR_RGB2YCrCb)
        fields = {
            "visible": ycrcb[..., :1],
            "chroma": ycrcb[..., 1:],
            "infrared": pair.thermal[..., None],
        }
        sample = {
            name: self._levels(_part(image, crop), flip).transpose(2, 0, 1)
            for name, image in fields.items()
        }
        labels = self._labels(crop, random, flip) if self.patches else {}
        return {**sample, **labels, "key": key, "seed": seed}

    def _crop(self, key: str, pair: RegisteredPair, random: np.random.Generator) -> Crop:
        height, width = pair.valid.shape
        rows, columns = min(self.data.height_px, height), min(self.data.width_px, width)
        top, left = random.integers(height - rows + 1), random.integers(width - columns + 1)
        labels = pair.labels.get("semantics")
        crop = Crop(key, int(top), int(left), rows, columns, None)
        return crop if labels is None else crop.with_semantics(_part(labels, crop))

    def _labels(
        self, crop: Crop, random: np.random.Generator, flip: bool
    ) -> dict[str, NDArray[Any]]:
        assert self.patches is not None
        both = self.patches.choose(crop, random)
        of_visible, of_infrared = (
            filled_up(masks, self.patches.count, (crop.height, crop.width)) for masks in both
        )
        ids = np.zeros((crop.height, crop.width), np.uint8)
        ids = ids if crop.semantics is None else crop.semantics.astype(np.uint8)
        return {
            "visible_masks": self._nearest(of_visible, flip).astype(np.float32),
            "infrared_masks": self._nearest(of_infrared, flip).astype(np.float32),
            "semantics": self.patches.labels[self._nearest(ids, flip)].astype(np.int64),
        }

    def _levels(self, image: NDArray[np.uint8], flip: bool) -> NDArray[np.float32]:
        """Resize ``H,W,C`` if it is too small, and scale to [0, 1]."""
        size = self.data.width_px, self.data.height_px
        if image.shape[1::-1] != size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        image = image.reshape(*size[::-1], -1)
        levels: NDArray[np.float32] = (image[:, ::-1] if flip else image).astype(np.float32)
        levels /= 255
        return levels

    def _nearest(self, values: NDArray[Any], flip: bool) -> NDArray[Any]:
        """Resize ``…,H,W`` by nearest pixel if it is too small."""
        rows, columns = (
            (2 * np.arange(wanted) + 1) * given // (2 * wanted)
            for wanted, given in zip(
                (self.data.height_px, self.data.width_px), values.shape[-2:], strict=True
            )
        )
        values = values[..., rows[:, None], columns]
        return values[..., ::-1] if flip else values


class FusionBatches:
    """Batches of crops for ``train``.

    A batch holds ``visible`` (luma) and ``infrared`` ``B,1,h,w`` and ``chroma`` ``B,2,h,w`` (Cr,
    Cb; 128/255 is grey), float32 in [0, 1]; ``key`` and ``seed``; and with ``patches`` also
    ``visible_masks`` and ``infrared_masks`` ``B,K,h,w``, 0 or 1, and ``semantics`` ``B,h,w`` int64,
    255 where no class of the segmenter is known.

    Args:
        workers: processes that prepare batches ahead; 0 prepares them in this process.
    """

    def __init__(
        self,
        pairs: Dataset,
        data: FusionData,
        settings: TrainingSettings,
        *,
        patches: Patches | None,
        workers: int,
    ) -> None:
        self._crops = FusionCrops(pairs, settings.seed, data, patches)
        self._settings = settings
        self._workers = workers
        names = hashlib.sha256("\n".join(map(str, pairs.keys)).encode()).hexdigest()
        self.identity = {"names_sha256": names, **data.model_dump(), "masks": patches is not None}

    def starting_at(self, step: int) -> Iterator[Batch]:
        """Yield batches from ``step`` to the end of the run, on the run's device."""
        device = Ranks().device(self._settings.device)
        loader = DataLoader(
            self._crops,
            batch_sampler=Stream(len(self._crops.pairs), self._settings, Ranks(), step),
            num_workers=self._workers,
            collate_fn=collate,
            multiprocessing_context="spawn" if self._workers else None,
            pin_memory=device.type == "cuda",
        )
        for batch in loader:
            yield {
                name: value.to(device, non_blocking=True) if torch.is_tensor(value) else value
                for name, value in batch.items()
            }


def _part(image: NDArray[Any], crop: Crop) -> NDArray[Any]:
    return image[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
