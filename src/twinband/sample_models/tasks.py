"""Teaching a DPT inverse depth of rendered scenes.

Losses of masks and classes.

What SAM is taught to find: things, and connected areas of one class.

Teaching a Mask2Former the classes of rendered scenes.
"""

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


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Focal loss without class weights, gamma 2, mean over the last two axes."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    of_truth = torch.exp(-cross_entropy)
    return (cross_entropy * (1 - of_truth) ** FOCAL_GAMMA).mean((-2, -1))


def balanced_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy inside the mask plus that outside, over the last two axes."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")

    def mean(weight: Tensor) -> Tensor:
        return (cross_entropy * weight).sum((-2, -1)) / weight.sum((-2, -1)).clamp(min=1)

    return mean(target) + mean(1 - target)


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """1 - (2 overlap + 1) / (sum of both + 1), over the last two axes."""
    probability = logits.sigmoid()
    overlap = (probability * target).sum((-2, -1))
    return 1 - (2 * overlap + 1) / (probability.sum((-2, -1)) + target.sum((-2, -1)) + 1)


def iou_of(found: Tensor, truth: Tensor) -> Tensor:
    """Intersection over union over the last two axes; 0 of two empty masks."""
    overlap = (found & truth).sum((-2, -1)).float()
    return overlap / (found | truth).sum((-2, -1)).clamp(min=1)


def rarity(share: Tensor) -> Tensor:
    """Weight of each class ``C``: one over the root of how often it is, of mean 1 over pixels.

    Args:
        share: ``B,C,h,w``, of each cell.
    """
    frequency = share.mean((0, 2, 3)).clamp(min=1e-4)
    weight = frequency.rsqrt()
    return weight / (weight * frequency).sum()


def weighted_cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Mean cross-entropy, rarer classes weighing more (see ``rarity``).

    Args:
        logits: ``B,C,h,w``.
        classes: ``B,h,w`` int64.
    """
    share = F.one_hot(classes, logits.shape[1]).permute(0, 3, 1, 2).float()
    return F.cross_entropy(logits, classes, rarity(share))


def relative_error(log_ratio: Tensor) -> Tensor:
    """Relative error of a distance, linear where it is over e times too far.

    Args:
        log_ratio: logarithm of the found inverse depth over the true one.
    """
    too_far = (-log_ratio).clamp(min=0)
    farther = torch.expm1(too_far.clamp(max=1)) + math.e * (too_far - 1).clamp(min=0)
    return farther - torch.expm1(-log_ratio.clamp(min=0))


METRES = 10.0  # what lies so far away has the inverse depth 1
LEAST = 0.02  # inverse depths far below it, as the sky's 0, are all the same to the loss
CELL_PX = 4  # of the map that must tell the classes, the last but one
EDGES_WEIGHT = 0.5


def with_inverse_depth(view: View, rng: np.random.Generator) -> Arrays:
    """``image`` ``3,H,W`` uint8; ``inverse`` ``H,W`` float32, 0 of the sky; ``classes``
    ``H/4,W/4`` int64."""
    depth = view.depth
    inverse = np.divide(METRES, depth, out=np.zeros_like(depth), where=depth > 0)
    classes = view.semantics[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].astype(np.int64)
    image = np.ascontiguousarray(view.image.transpose(2, 0, 1))
    return {"image": image, "inverse": inverse, "classes": classes}


class InverseDepth(TrainingTask):
    """Absolute difference of the logarithms of inverse depths; relative error of the distance;
    differences of the logarithms' steps from pixel to pixel, for clear edges.

    A person before a wall is a few pixels that are wrong by a little, to such losses, and stays
    half as far as the wall for long. So the maps that depth is told from must tell every place's
    class too, by a layer that is thrown away afterwards.
    """

    def __init__(self, dpt: DPTForDepthEstimation) -> None:
        super().__init__()
        self.dpt = dpt
        self.classes = nn.Conv2d(dpt.config.fusion_hidden_size, len(SCENE_CLASSES), 1)

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """See ``TrainingTask``; the batch is stacked samples of ``with_inverse_depth``."""
        fused = fused_features(self.dpt, normalised(batch["image"], IMAGENET))
        found = self.dpt.head(fused).float()
        wrong = torch.log((found + LEAST) / (batch["inverse"] + LEAST))
        losses = {
            "log_error": wrong.abs().mean(),
            "relative_error": relative_error(wrong).mean(),
            "edges": wrong.diff(dim=1).abs().mean() + wrong.diff(dim=2).abs().mean(),
            "classes": weighted_cross_entropy(self.classes(fused[-2]).float(), batch["classes"]),
        }
        loss = losses["log_error"] + losses["relative_error"] + losses["classes"]
        loss = loss + EDGES_WEIGHT * losses["edges"]
        return {"loss": loss, **{name: value.detach() for name, value in losses.items()}}


LEAST_AREA_PX = 60


def areas_of_classes(view: View, least_px: int) -> list[NDArray[np.bool_]]:
    """Masks ``H,W`` of connected areas of one class, things left out, by class and place."""
    found = []
    for number in np.unique(view.semantics):
        of_class = (view.semantics == number) & (view.instances == 0)
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(of_class.astype(np.uint8))
        large = statistics[:, cv2.CC_STAT_AREA] >= least_px
        found += [labels == i for i in range(1, count) if large[i]]
    return found


def shown_segments(
    view: View, least_px: int = LEAST_AREA_PX
) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    """Things, and areas of classes, that ``view.image`` shows."""
    things = [m for m in large_objects(view.instances, least_px) if shows(view.image, m)]
    areas = [m for m in areas_of_classes(view, least_px) if shows(view.image, m)]
    return things, areas


ABSENT_WEIGHT = 0.1  # of "no object" among a query's classes, as in DETR
BALANCED_SHARE = 0.6  # of the run


def with_classes(view: View, rng: np.random.Generator) -> Arrays:
    """``image`` ``3,H,W`` uint8 and ``classes`` ``H,W`` int64, -1 where there is none."""
    classes = view.semantics.astype(np.int64) - 1  # the world's 0 is void
    return {"image": np.ascontiguousarray(view.image.transpose(2, 0, 1)), "classes": classes}


class ClassMasks(TrainingTask):
    """Query ``c`` stands for class ``c``: with as many queries as classes none has to be matched
    (the "fixed matching" of Cheng et al., 2021), and little training is enough.

    Of every decoder layer: cross-entropy of the queries' classes (absent ones say "no object"),
    cross-entropy over the classes' masks at each pixel, rarer classes weighing more, and of each
    present mask by itself binary cross-entropy and dice. As with SAM, a cross-entropy balanced
    between a mask and all around it comes first and fades: small masks would stay empty long.
    """

    def __init__(self, mask2former: Mask2FormerForUniversalSegmentation) -> None:
        super().__init__()
        self.mask2former = mask2former
        self._balance = 0.0

    def before_step(self, step: int, steps: int) -> None:
        """See ``TrainingTask``."""
        self._balance = max(0.0, 1 - step / (BALANCED_SHARE * steps))

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """See ``TrainingTask``; the batch is stacked samples of ``with_classes``."""
        found = self.mask2former(normalised(batch["image"], IMAGENET), output_auxiliary_logits=True)
        layers = [(found.masks_queries_logits, found.class_queries_logits)]
        layers += [
            (layer["masks_queries_logits"], layer["class_queries_logits"])
            for layer in found.auxiliary_logits
        ]
        share = shares_of_classes(batch["classes"], layers[0][0].shape[1], layers[0][0].shape[-2:])
        losses = [self._layer(masks.float(), classes.float(), share) for masks, classes in layers]
        with torch.no_grad():
            right = layers[0][0].argmax(1) == share.argmax(1)
        mean = torch.stack(losses).mean()
        return {"loss": mean, "pixel_accuracy": right.float().mean()}

    def _layer(self, masks: Tensor, classes: Tensor, share: Tensor) -> Tensor:
        count = share.shape[1]
        present = share.amax((2, 3)) > 0.5
        own = torch.arange(count, device=share.device).expand(len(share), -1)
        names = torch.where(present, own, count)
        weight = torch.ones(count + 1, device=share.device)
        weight[count] = ABSENT_WEIGHT
        of_names = F.cross_entropy(classes.transpose(1, 2), names, weight)
        of_pixels = F.cross_entropy(masks, share, rarity(share))
        found, true = masks[present], share[present]
        of_masks = F.binary_cross_entropy_with_logits(found, true)
        if self._balance:
            balanced = balanced_loss(found, true).mean()
            of_masks = (1 - self._balance) * of_masks + self._balance * balanced
        return of_names + 2 * of_pixels + 2 * of_masks + dice_loss(found, true).mean()


def shares_of_classes(classes: Tensor, count: int, size: tuple[int, int]) -> Tensor:
    """Share of each cell that each class covers, ``B,C,h,w`` in [0, 1].

    Args:
        classes: ``B,H,W``, -1 for none.
        count: classes.
        size: rows and columns of cells; they divide those of pixels.
    """
    single = F.one_hot(classes + 1, count + 1)[..., 1:].permute(0, 3, 1, 2).float()
    return F.adaptive_avg_pool2d(single, size)
