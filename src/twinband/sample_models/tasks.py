"""Tasks of a DPT (inverse depth) and a Mask2Former (classes), and the losses that tasks share."""

import math
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import DPTForDepthEstimation, Mask2FormerForUniversalSegmentation

from twinband.annotators.dpt import fused_features
from twinband.core.normalise import IMAGENET, normalised
from twinband.labels.images import shows
from twinband.metrics.masks import large_objects
from twinband.sample_models.scenes import Arrays, View
from twinband.training.loop import TrainingTask
from twinband.world.classes import SCENE_CLASSES

FOCAL_GAMMA = 2.0
METRES = 10.0  # the distance whose inverse depth is 1
LEAST_INVERSE = 0.02  # inverse depths far below it, as the sky's 0, are all the same to the loss
CELL_PX = 4  # of the DPT's map that must tell the classes, the last but one
EDGES_WEIGHT = 0.5
LEAST_AREA_PX = 60  # of things and areas that SAM is taught
ABSENT_WEIGHT = 0.1  # of "no object" among a query's classes, as in DETR
BALANCED_SHARE = 0.6  # of the run


def with_inverse_depth(view: View, rng: np.random.Generator) -> Arrays:
    """Make a sample: ``image`` ``3,H,W`` uint8; ``inverse`` ``H,W`` float32, 0 for the sky;
    ``classes`` ``H/4,W/4`` int64."""
    depth = view.depth
    inverse = np.divide(METRES, depth, out=np.zeros_like(depth), where=depth > 0)
    classes = view.semantics[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].astype(np.int64)
    image = np.ascontiguousarray(view.image.transpose(2, 0, 1))
    return {"image": image, "inverse": inverse, "classes": classes}


class InverseDepth(TrainingTask):
    """Losses of inverse depth.

    Absolute difference of the logarithms of inverse depths; relative error of the distance;
    differences of the logarithms' steps from pixel to pixel, for clear edges.

    To these losses a person before a wall is a few pixels with a small error, and would long stay
    half as far away as the wall. So the maps that depth is read from must tell every place's class
    too, by a layer that is thrown away afterwards.
    """

    def __init__(self, dpt: DPTForDepthEstimation) -> None:
        super().__init__()
        self.dpt = dpt
        self.classes = nn.Conv2d(dpt.config.fusion_hidden_size, len(SCENE_CLASSES), 1)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute losses; the batch is stacked samples of ``with_inverse_depth``. See
        ``TrainingTask``."""
        fused = fused_features(self.dpt, normalised(batch["image"], IMAGENET))
        inverse = self.dpt.head(fused).float()
        log_ratio = torch.log((inverse + LEAST_INVERSE) / (batch["inverse"] + LEAST_INVERSE))
        losses = {
            "log_error": log_ratio.abs().mean(),
            "relative_error": relative_error(log_ratio).mean(),
            "edges": log_ratio.diff(dim=1).abs().mean() + log_ratio.diff(dim=2).abs().mean(),
            "classes": weighted_cross_entropy(self.classes(fused[-2]).float(), batch["classes"]),
        }
        loss = losses["log_error"] + losses["relative_error"] + losses["classes"]
        loss = loss + EDGES_WEIGHT * losses["edges"]
        return {"loss": loss, **{name: value.detach() for name, value in losses.items()}}


def with_classes(view: View, rng: np.random.Generator) -> Arrays:
    """Make a sample: ``image`` ``3,H,W`` uint8 and ``classes`` ``H,W`` int64, -1 where there is
    none."""
    classes = view.semantics.astype(np.int64) - 1  # the world's 0 is void
    return {"image": np.ascontiguousarray(view.image.transpose(2, 0, 1)), "classes": classes}


class ClassMasks(TrainingTask):
    """Losses of class masks; query ``c`` stands for class ``c``.

    With as many queries as classes none has to be matched (the "fixed matching" of Cheng et al.,
    2021), and little training is enough.

    For every decoder layer: cross-entropy of the queries' classes (absent ones are "no object"),
    cross-entropy over the classes' masks at each pixel, rarer classes weighing more, and for each
    present mask by itself binary cross-entropy and dice. As with SAM, a cross-entropy balanced
    between a mask and all around it comes first and fades: small masks would stay empty long.
    """

    def __init__(self, mask2former: Mask2FormerForUniversalSegmentation) -> None:
        super().__init__()
        self.mask2former = mask2former
        self._balance = 0.0

    def before_step(self, step: int, steps: int) -> None:
        """Fade the balanced loss; see ``TrainingTask``."""
        self._balance = max(0.0, 1 - step / (BALANCED_SHARE * steps))

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute losses; the batch is stacked samples of ``with_classes``. See
        ``TrainingTask``."""
        images = normalised(batch["image"], IMAGENET)
        output = self.mask2former(images, output_auxiliary_logits=True)
        layers = [(output.masks_queries_logits, output.class_queries_logits)]
        layers += [
            (layer["masks_queries_logits"], layer["class_queries_logits"])
            for layer in output.auxiliary_logits
        ]
        share = shares_of_classes(batch["classes"], layers[0][0].shape[1], layers[0][0].shape[-2:])
        losses = [self._layer(masks.float(), classes.float(), share) for masks, classes in layers]
        with torch.no_grad():
            correct = layers[0][0].argmax(1) == share.argmax(1)
        mean = torch.stack(losses).mean()
        return {"loss": mean, "pixel_accuracy": correct.float().mean()}

    def _layer(self, masks: Tensor, classes: Tensor, share: Tensor) -> Tensor:
        count = share.shape[1]
        present = share.amax((2, 3)) > 0.5
        own = torch.arange(count, device=share.device).expand(len(share), -1)
        targets = torch.where(present, own, count)
        weight = torch.ones(count + 1, device=share.device)
        weight[count] = ABSENT_WEIGHT
        class_loss = F.cross_entropy(classes.transpose(1, 2), targets, weight)
        pixel_loss = F.cross_entropy(masks, share, rarity(share))
        logits, truth = masks[present], share[present]
        mask_loss = F.binary_cross_entropy_with_logits(logits, truth)
        if self._balance:
            balanced = balanced_loss(logits, truth).mean()
            mask_loss = (1 - self._balance) * mask_loss + self._balance * balanced
        return class_loss + 2 * pixel_loss + 2 * mask_loss + dice_loss(logits, truth).mean()


def shares_of_classes(classes: Tensor, count: int, size: tuple[int, int]) -> Tensor:
    """Compute the share of each cell that each class covers, ``B,C,h,w`` in [0, 1].

    Args:
        classes: ``B,H,W``, -1 for none.
        count: number of classes.
        size: rows and columns of cells; they divide those of pixels.
    """
    single = F.one_hot(classes + 1, count + 1)[..., 1:].permute(0, 3, 1, 2).float()
    return F.adaptive_avg_pool2d(single, size)


def areas_of_classes(view: View, least_px: int) -> list[NDArray[np.bool_]]:
    """List masks ``H,W`` of connected areas of one class, things left out, by class and place."""
    areas = []
    for number in np.unique(view.semantics):
        pixels = (view.semantics == number) & (view.instances == 0)
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8))
        large = statistics[:, cv2.CC_STAT_AREA] >= least_px
        areas += [labels == i for i in range(1, count) if large[i]]
    return areas


def shown_segments(
    view: View, least_px: int = LEAST_AREA_PX
) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    """List the things, and the areas of classes, that ``view.image`` shows: SAM's targets."""
    things = [m for m in large_objects(view.instances, least_px) if shows(view.image, m)]
    areas = [m for m in areas_of_classes(view, least_px) if shows(view.image, m)]
    return things, areas


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the focal loss without class weights, gamma 2, mean over the last two axes."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = torch.exp(-cross_entropy)  # of the truth
    return (cross_entropy * (1 - probability) ** FOCAL_GAMMA).mean((-2, -1))


def balanced_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Compute the mean cross-entropy inside the mask plus that outside, over the last two axes."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")

    def mean(weight: Tensor) -> Tensor:
        return (cross_entropy * weight).sum((-2, -1)) / weight.sum((-2, -1)).clamp(min=1)

    return mean(target) + mean(1 - target)


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Compute 1 - (2 overlap + 1) / (sum of both + 1), over the last two axes."""
    probability = logits.sigmoid()
    overlap = (probability * target).sum((-2, -1))
    return 1 - (2 * overlap + 1) / (probability.sum((-2, -1)) + target.sum((-2, -1)) + 1)


def iou_of(prediction: Tensor, truth: Tensor) -> Tensor:
    """Compute the intersection over union over the last two axes; 0 for two empty masks."""
    overlap = (prediction & truth).sum((-2, -1)).float()
    return overlap / (prediction | truth).sum((-2, -1)).clamp(min=1)


def rarity(share: Tensor) -> Tensor:
    """Weigh each class ``C`` by one over the root of its frequency, the mean over pixels being 1.

    Args:
        share: ``B,C,h,w``, of each cell.
    """
    frequency = share.mean((0, 2, 3)).clamp(min=1e-4)
    weight = frequency.rsqrt()
    return weight / (weight * frequency).sum()


def weighted_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Compute the mean cross-entropy, rarer classes weighing more (see ``rarity``).

    Args:
        logits: ``B,C,h,w``.
        classes: ``B,h,w`` int64.
    """
    share = F.one_hot(classes, logits.shape[1]).permute(0, 3, 1, 2).float()
    return F.cross_entropy(logits, classes, rarity(share))


def relative_error(log_ratio: Tensor) -> Tensor:
    """Compute the relative error of a distance, linear where it is over e times too far.

    Args:
        log_ratio: logarithm of the predicted inverse depth over the true one.
    """
    too_far = (-log_ratio).clamp(min=0)
    farther = torch.expm1(too_far.clamp(max=1)) + math.e * (too_far - 1).clamp(min=0)
    return farther - torch.expm1(-log_ratio.clamp(min=0))
