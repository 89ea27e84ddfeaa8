"""Losses of masks and classes."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

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
