"""A light segmentation head on frozen features, and its training data.

Shapes: B pairs, C channels of both modalities' features together, h,w rows and columns of
patches, H,W pixels.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from twinband.core.normalise import Batch
from twinband.training.data import Stream
from twinband.training.distributed import Ranks
from twinband.training.loop import TrainingTask
from twinband.training.settings import TrainingSettings


class Head(TrainingTask):
    """Two 1x1 convolutions with a GELU between, on standardised features.

    It mixes no neighbouring patches: all that it knows of surroundings is in the features.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: Tensor, hidden: int, classes: int) -> None:
        """
        Args:
            features: features to train on, ``B,C,h,w``, which give mean and deviation.
            hidden: channels between the layers.
        """
        super().__init__()
        mean = features.mean((0, 2, 3), keepdim=True)
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", features.std((0, 2, 3), keepdim=True).clamp(min=1e-6))
        self.layers = nn.Sequential(
            nn.Conv2d(features.shape[1], hidden, 1), nn.GELU(), nn.Conv2d(hidden, classes, 1)
        )

    def logits(self, features: Tensor, size: Sequence[int]) -> Tensor:
        """Classify ``B,C,h,w`` features; returns ``B,classes,H,W``, interpolated bilinearly."""
        coarse = self.layers((features - self.mean) / self.deviation)
        return F.interpolate(coarse, size=tuple(size), mode="bilinear", align_corners=False)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        labels = batch["labels"]
        logits = self.logits(batch["features"], labels.shape[1:])
        return {"loss": F.cross_entropy(logits, labels.long())}


class CachedBatches:
    """``training.loop.Batches`` of features in memory.

    Args:
        features: ``N,C,h,w``.
        labels: ``N,H,W`` uint8 ids of classes.
        keys: keys of the N pairs.
    """

    def __init__(
        self, features: Tensor, labels: Tensor, keys: Sequence[str], settings: TrainingSettings
    ) -> None:
        self._features, self._labels, self._keys = features, labels, keys
        self._settings = settings
        content = hashlib.sha256(features.contiguous().numpy().data)
        content.update(labels.contiguous().numpy().data)
        self.identity: dict[str, Any] = {"keys": list(keys), "content": content.hexdigest()}

    def starting_at(self, step: int) -> Iterator[Batch]:
        for part in Stream(len(self._keys), self._settings, Ranks(), step):
            rows = [row for row, _ in part]
            yield {
                "features": self._features[rows],
                "labels": self._labels[rows],
                "key": [self._keys[row] for row in rows],
            }


def head_settings(
    *, pairs: int, epochs: int, batch: int, base_lr: float, threads: int, seed: int
) -> TrainingSettings:
    """Make the settings of a head's training: AdamW in fp32, 5 % warm-up steps, then a cosine."""
    steps = max(1, round(epochs * pairs / batch))
    return TrainingSettings(
        steps=steps,
        batch_size=batch,
        base_lr=base_lr,
        warmup_steps=steps // 20,
        betas=(0.9, 0.999),
        weight_decay=0.01,
        clip_norm=1.0,
        device="cpu",
        threads=threads,
        seed=seed,
        log_every=steps,
        checkpoint_every=steps,
    )
