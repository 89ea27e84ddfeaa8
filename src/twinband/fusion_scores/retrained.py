"""A segmenter trained anew on one method's images.

A frozen segmenter prefers images like those that it was trained on. One that starts from nothing
on each method's images tells what these hold. Classes are the dataset's own ids.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from twinband.core.errors import InputError
from twinband.core.normalise import Batch
from twinband.core.params import Run
from twinband.fusion.interface import Fusion
from twinband.fusion.segmentation import UNKNOWN
from twinband.fusion_scores.facts import RetrainedFacts
from twinband.fusion_scores.judged import judged
from twinband.fusion_scores.params import RetrainedParams
from twinband.metrics.segmentation import class_iou, mean_iou
from twinband.shards.read import Dataset
from twinband.shards.registered import registered_pair
from twinband.training.data import Stream
from twinband.training.distributed import Ranks
from twinband.training.loop import TrainingTask, train
from twinband.training.seeds import seed_of, seeded
from twinband.training.settings import TrainingSettings

Image = NDArray[np.uint8]
LEVELS = 4  # each halves height and width
GROUPS = 4


class SmallUnet(nn.Module):
    """A U-Net without pretrained weights, for images ``B,3,H,W`` in [0, 1] of any size.

    Its finest level has half the image's height and width, and holds four pixels in each place.

    Args:
        width: channels of the finest level; each coarser one doubles them.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        widths = [width << level for level in range(LEVELS)]
        self.down = nn.ModuleList(
            _block(inputs, outputs) for inputs, outputs in zip([12, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(_block(fine + coarse, fine) for fine, coarse in pairwise(widths))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Classify; returns logits ``B,classes,H,W``."""
        height, width = images.shape[2:]
        even = F.pad(images - 0.5, (0, width % 2, 0, height % 2), mode="replicate")
        features, levels = F.pixel_unshuffle(even, 2), []
        for level, block in enumerate(self.down):
            features = block(F.avg_pool2d(features, 2, ceil_mode=True) if level else features)
            levels.append(features)
        for fine, block in zip(reversed(levels[:-1]), reversed(self.up), strict=True):
            coarse = F.interpolate(features, size=fine.shape[2:], mode="nearest")
            features = block(torch.cat([fine, coarse], 1))
        logits = F.interpolate(self.head(features), scale_factor=2, mode="bilinear")
        return logits[..., :height, :width]


class Task(TrainingTask):
    """Cross-entropy; a class counts by the inverse root of its share of the pixels.

    Args:
        shares: of the classes in the training labels, ``C``; 0 for one that is absent.
    """

    weights: Tensor

    def __init__(self, network: SmallUnet, shares: Tensor) -> None:
        super().__init__()
        self.network = network
        rarity = shares.clamp(min=torch.finfo().tiny).rsqrt() * (shares > 0)
        self.register_buffer("weights", rarity / (rarity * shares).sum())

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        logits = self.network(batch["image"])
        return {
            "loss": F.cross_entropy(logits, batch["labels"], self.weights, ignore_index=UNKNOWN)
        }


class Crops:
    """``training.loop.Batches`` of random crops, mirrored by chance, of images in memory.

    Args:
        images: fused, ``H,W,3``.
        labels: ``H,W`` class ids.
        side_px: of a crop; less where an image is smaller, so all images need one size then.
    """

    def __init__(
        self,
        images: Sequence[Image],
        labels: Sequence[Image],
        side_px: int,
        settings: TrainingSettings,
    ) -> None:
        self._images, self._labels = images, labels
        self._side, self._settings = side_px, settings
        content = hashlib.sha256()
        for array in (*images, *labels):
            content.update(np.ascontiguousarray(array).data)
        self.identity = {"side_px": side_px, "content": content.hexdigest()}

    def starting_at(self, step: int) -> Iterator[Batch]:
        for part in Stream(len(self._images), self._settings, Ranks(), step):
            crops = [self._crop(row, epoch) for row, epoch in part]
            images = torch.from_numpy(np.stack([image for image, _ in crops]))
            labels = torch.from_numpy(np.stack([label for _, label in crops]))
            yield {
                "image": images.permute(0, 3, 1, 2).float() / 255,
                "labels": labels.long(),
                "key": [str(row) for row, _ in part],
            }

    def _crop(self, row: int, epoch: int) -> tuple[Image, Image]:
        image, labels = self._images[row], self._labels[row]
        random = np.random.Generator(np.random.PCG64(seed_of(self._settings.seed, row, epoch)))
        top, left = (random.integers(max(1, size - self._side + 1)) for size in labels.shape)
        window = slice(top, top + self._side), slice(left, left + self._side)
        step = -1 if random.random() < 0.5 else 1
        return image[window][:, ::step], labels[window][:, ::step]


def retrained(
    params: RetrainedParams,
    methods: Mapping[str, Fusion],
    train_on: Dataset,
    test_on: Dataset,
    run: Run,
) -> RetrainedFacts:
    """Train a segmenter on a method's images of some pairs; test it on those of others.

    Args:
        methods: by name, ``params.method`` among them.
        train_on, test_on: registered pairs; those without semantic labels are passed over.

    Raises:
        NonFiniteError: the loss was no number.
        InputError: one of the parts has no labels.
    """
    fusion = methods[params.method]
    (images, labels), (unseen, truths) = _fused(fusion, train_on), _fused(fusion, test_on)
    counts = np.sum([np.bincount(each.ravel(), minlength=256) for each in labels], axis=0)
    if not images or not truths or not counts[:UNKNOWN].any():
        raise InputError("no semantic labels to train and to test a segmenter with")
    classes = 1 + max(int(each[each != UNKNOWN].max(initial=0)) for each in (*labels, *truths))
    settings = params.training
    with seeded(settings.seed):
        shares = torch.from_numpy(counts[:classes] / counts[:classes].sum()).float()
        task = Task(SmallUnet(classes, params.width), shares)
        train(
            task,
            Crops(images, labels, params.side_px, settings),
            settings,
            folder=run.work / "retrained",
            log=lambda step, row: None,
            progress=run.progress,
        )
    task.eval()
    counted = [
        judged(task.network, classes, image, truth)
        for image, truth in zip(unseen, truths, strict=True)
    ]
    confusion = np.sum(counted, axis=0)
    shares_found = class_iou(confusion)
    return RetrainedFacts(
        method=params.method,
        trained_on=len(images),
        miou=float(mean_iou(confusion)),
        iou={str(i): float(iou) for i, iou in enumerate(shares_found) if np.isfinite(iou)},
    )


def _fused(fusion: Fusion, data: Dataset) -> tuple[list[Image], list[Image]]:
    images, labels = [], []
    for stored in data:
        pair = registered_pair(stored)
        if (truth := pair.labels.get("semantics")) is not None:
            images.append(fusion.fuse(pair.rgb, pair.thermal))
            labels.append(truth.astype(np.uint8))
    return images, labels


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.GroupNorm(GROUPS, outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.GroupNorm(GROUPS, outputs),
        nn.ReLU(inplace=True),
    )
