"""Teaching a Mask2Former the classes of rendered scenes."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import Mask2FormerForUniversalSegmentation

from twinband.annotators.pixels import IMAGENET, normalised
from twinband.sample.annotators.batches import Arrays
from twinband.sample.annotators.losses import balanced_loss, dice_loss, rarity
from twinband.sample.annotators.views import View
from twinband.training.task import TrainingTask

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
