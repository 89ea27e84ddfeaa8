"""Masked pretraining as a training task, and the share of objects among visible patches.

That share, in some labelled pairs, shows whether a curriculum goes from easy to hard.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from twinband.core.normalise import normalise
from twinband.networks.layers import Block, CrossBlock
from twinband.networks.masked import MaskedModel, PairAutoencoder, evaluating
from twinband.networks.sampler import Sampler
from twinband.shards.read import Dataset
from twinband.shards.registered import object_mask, registered_pair
from twinband.training.loop import TrainingTask
from twinband.training.optimizers import vit_distance

Watch = Callable[[], Mapping[str, float]]

PAIRS = 32  # of a dataset, whose objects are followed


class MaskedPretraining(TrainingTask):
    """Pretraining of a masked model.

    Args:
        model: the model.
        watch_every: steps between two looks at the masking, which may wait for the device.
        watch: gives numbers to follow besides the sampler's own.
    """

    def __init__(self, model: MaskedModel, watch_every: int, watch: Watch | None = None) -> None:
        super().__init__()
        self.model = model
        self._watch_every = watch_every
        self._watch = watch
        self._due = False
        self._names: list[str] | None = None
        self._distance = vit_distance(model.config.depth, "model.encoder.")

    def before_step(self, step: int, steps: int) -> None:
        """Move the model's curriculum on."""
        self._due = (step + 1) % self._watch_every == 0 or step + 1 == steps
        self.model.before_step(step, steps)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute the model's losses, and numbers on the masking; NaN in steps without a look."""
        losses: dict[str, Tensor] = self.model(batch)
        like = losses["loss"].detach().double()
        return {**losses, **{n: torch.full_like(like, v) for n, v in self._watched().items()}}

    def _watched(self) -> dict[str, float]:
        """Return the sampler's diagnostics and the numbers of ``watch``; NaN in steps between two
        looks, so that a resumed run follows the same numbers."""
        if not self._due and self._names is not None:
            return dict.fromkeys(self._names, math.nan)
        sampler = self.model.sampler
        own = sampler.diagnostics() if sampler is not None else {}
        watched = {f"masking_{name}": value for name, value in own.items()}
        if self._watch is not None:
            watched |= self._watch()
        self._names = list(watched)
        return watched if self._due else dict.fromkeys(watched, math.nan)

    def blocks(self) -> list[nn.Module]:
        return [each for each in self.model.modules() if isinstance(each, Block | CrossBlock)]

    def layer_distance(self, name: str) -> int:
        return self._distance(name)


class VisibleObjects:
    """Shares of object pixels in the patches of some pairs, always the same, that a model sees.

    Args:
        model: whose sampler chooses by tokens.
        images: ``N,3,S,S`` normalised, ``rgb`` and ``thermal``.
        objects: ``N,L`` share of object pixels of each patch.
    """

    def __init__(
        self, model: PairAutoencoder, images: Mapping[str, Tensor], objects: Tensor
    ) -> None:
        self._model = model
        self._images = images
        self._objects = objects

    @classmethod
    def of(cls, datasets: Iterable[Dataset], model: MaskedModel) -> "VisibleObjects | None":
        """Choose labelled pairs of ``datasets`` and resize them whole; None if none is labelled, or
        the model leaves its patches to no sampler of pairs."""
        if not isinstance(model, PairAutoencoder) or not isinstance(model.sampler, Sampler):
            return None
        patch_px = model.config.patch_px
        rows, columns = model.config.grid
        size = (columns * patch_px, rows * patch_px)
        pairs = [pair for dataset in datasets for pair in _labelled_pairs(dataset, size)]
        if not pairs:
            return None
        rgb, thermal, objects = (np.stack(parts) for parts in zip(*pairs, strict=True))
        images = {"rgb": torch.from_numpy(rgb), "thermal": torch.from_numpy(thermal)}
        shares = torch.from_numpy(objects).unfold(1, patch_px, patch_px)
        shares = shares.unfold(2, patch_px, patch_px).mean((3, 4)).flatten(1)
        return cls(model, normalise(images, torch.device("cpu")), shares)

    @torch.no_grad()
    def __call__(self) -> dict[str, float]:
        """Compute the objects' share of the visible patches of each modality, over their share of
        all patches: 1 is what random choice gives."""
        model = self._model
        assert isinstance(model.sampler, Sampler)
        objects = self._objects.to(next(model.parameters()).device)
        with evaluating(model):
            tokens = [
                model.encoder.tokens(self._images[name].to(objects.device))
                for name in ("rgb", "thermal")
            ]
            visible = model.sampler(*tokens)
        overall = objects.mean()
        return {
            f"visible_objects_{name}": float(objects.gather(1, kept).mean() / overall)
            for name, kept in (("rgb", visible.rgb), ("thermal", visible.thermal))
        }


class _LabelledPair(NamedTuple):
    """A pair ``C,H,W`` uint8, and the share of objects at each pixel ``H,W``."""

    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    objects: NDArray[np.float32]


def _labelled_pairs(dataset: Dataset, size: tuple[int, int]) -> list[_LabelledPair]:
    """Read the first ``PAIRS`` pairs that show objects, resized to ``size``, width and height.

    A pair without labels ends the search, since a dataset without any may be large.
    """
    pairs: list[_LabelledPair] = []
    for index in range(len(dataset)):
        pair = registered_pair(dataset[index])
        mask = object_mask(pair.labels, pair.valid.shape)
        if mask is None:
            break
        objects = _resized(mask.astype(np.float32), size)
        if objects.any():
            rgb = _resized(pair.rgb, size).transpose(2, 0, 1)
            thermal = _resized(pair.thermal, size)[None]
            pairs.append(_LabelledPair(rgb, thermal, objects))
        if len(pairs) == PAIRS:
            break
    return pairs


def _resized(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
