"""Masked pretraining as a training task: the model, and what is watched while it learns.

How much of what is visible are objects: whether the curriculum goes from easy to hard.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from twinband.core.images import to_eight_bits
from twinband.core.normalise import normalise
from twinband.networks.config import AutoencoderConfig
from twinband.networks.masked import evaluating
from twinband.networks.sampler import Sampler
from twinband.shards.read import Dataset
from twinband.shards.registered import object_mask, registered_pair
from twinband.training.loop import TrainingTask
from twinband.training.optimizers import vit_distance

Watch = Callable[[Any], Mapping[str, float]]


class MaskedModel(Protocol):
    """A module of ``twinband.methods``: masked images in, losses out."""

    config: AutoencoderConfig

    def __call__(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``loss`` of a batch, and detached scalars to follow."""

    def before_step(self, step: int, steps: int) -> None:
        """Move a curriculum on."""

    def reconstruct(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``visible_*`` and ``restored_*``, ``B,3,H,W``, to be drawn."""


class MaskedPretraining(TrainingTask):
    """A model of ``twinband.methods`` to be trained.

    Args:
        model: returns its losses from a batch; its ``encoder`` is a ViT.
        watch_every: steps between two looks at the masking, which may wait for the device.

    Attributes:
        watch: gives numbers to follow besides the sampler's own.
    """

    watch: Watch | None = None

    def __init__(self, model: MaskedModel, watch_every: int) -> None:
        super().__init__()
        self.model = model
        self._watch_every = watch_every
        self._due = False
        self._names: list[str] | None = None
        self._distance = vit_distance(model.config.depth, "model.encoder.")

    @property
    def trained(self) -> nn.Module:
        """The model as the module that it is."""
        assert isinstance(self.model, nn.Module)
        return self.model

    @property
    def sampler(self) -> Sampler | None:
        found: Any = getattr(self.model, "sampler", None)
        return found if isinstance(found, Sampler) else None

    def before_step(self, step: int, steps: int) -> None:
        """Have the model move its curriculum on."""
        self._due = (step + 1) % self._watch_every == 0 or step + 1 == steps
        self.model.before_step(step, steps)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """The model's losses, and what is watched; NaN in steps in which nothing is."""
        losses: dict[str, Tensor] = self.model(batch)
        like = losses["loss"].detach().double()
        return {**losses, **{n: torch.full_like(like, v) for n, v in self._watched().items()}}

    def _watched(self) -> dict[str, float]:
        """The sampler's diagnostics and what ``watch`` tells; NaN in steps between two looks, so
        that a resumed run follows the same numbers."""
        if not self._due and self._names is not None:
            return dict.fromkeys(self._names, math.nan)
        own = self.sampler.diagnostics() if self.sampler is not None else {}
        found = {f"masking_{name}": value for name, value in own.items()}
        if self.watch is not None:
            found |= self.watch(self.model)
        self._names = list(found)
        return found if self._due else dict.fromkeys(found, math.nan)

    def layer_distance(self, name: str) -> int:
        """As in ``training.parameters.vit_distance``."""
        return self._distance(name)


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
    def __call__(self, model: Any) -> dict[str, float]:
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
