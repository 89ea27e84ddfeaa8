"""How much of what is visible are objects: whether the curriculum goes from easy to hard."""

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.images import to_eight_bits
from twinband.models.config import AutoencoderConfig
from twinband.models.mspecgene import MSpecGene
from twinband.models.pairs import evaluating
from twinband.registration.view import registered_pair
from twinband.shards.join import Dataset
from twinband.sparsity.objects import object_mask
from twinband.training.data import normalise

PAIRS = 32


class VisibleObjects:
    """Shares of object pixels in visible patches of some labelled pairs that stay the same.

    Args:
        images: ``N,3,S,S`` normalised, ``rgb`` and ``thermal``.
        objects: ``N,L`` share of object pixels of each patch.
    """

    def __init__(self, images: Mapping[str, Tensor], objects: Tensor) -> None:
        self._images = images
        self._objects = objects

    @classmethod
    def of(cls, datasets: Iterable[Dataset], config: AutoencoderConfig) -> "VisibleObjects | None":
        """Some labelled pairs of ``datasets``, resized whole; None if none is labelled."""
        sizes = (config.grid[1] * config.patch_px, config.grid[0] * config.patch_px)
        patch_px = config.patch_px
        found = [pair for dataset in datasets for pair in _labelled(dataset, sizes)]
        if not found:
            return None
        rgb, thermal, objects = (np.stack(parts) for parts in zip(*found, strict=True))
        raw = {"rgb": torch.from_numpy(rgb), "thermal": torch.from_numpy(thermal)}
        shares = torch.from_numpy(objects).unfold(1, patch_px, patch_px)
        shares = shares.unfold(2, patch_px, patch_px).mean((3, 4)).flatten(1)
        return cls(normalise(raw, torch.device("cpu")), shares)

    @torch.no_grad()
    def __call__(self, model: MSpecGene) -> dict[str, float]:
        """Object share of the visible patches of each modality, over that of all patches: 1 is
        what random choice gives."""
        if model.sampler is None:
            return {}
        objects = self._objects.to(next(model.parameters()).device)
        with evaluating(model):
            tokens = [
                model.encoder.tokens(self._images[name].to(objects.device))
                for name in ("rgb", "thermal")
            ]
            visible = model.sampler(*tokens)
        whole = objects.mean()
        return {
            f"visible_objects_{name}": float(objects.gather(1, kept).mean() / whole)
            for name, kept in (("rgb", visible.rgb), ("thermal", visible.thermal))
        }


def _labelled(
    dataset: Dataset, size: tuple[int, int]
) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]]]:
    """Up to ``PAIRS`` pairs that hold objects, as ``C,H,W`` images and ``H,W`` object masks.

    A pair without labels ends the search, since a dataset without any may be large.
    """
    found = []
    for index in range(len(dataset)):
        pair = registered_pair(dataset[index])
        mask = object_mask(pair.labels, pair.valid.shape)
        if mask is None:
            break
        area = cv2.INTER_AREA
        rgb = cv2.resize(pair.rgb, size, interpolation=area).transpose(2, 0, 1)
        thermal = cv2.resize(to_eight_bits(pair.thermal), size, interpolation=area)[None]
        objects = cv2.resize(mask.astype(np.float32), size, interpolation=area)
        if objects.any():
            found.append((rgb, thermal, objects))
        if len(found) == PAIRS:
            break
    return found
