"""Between images and what annotators take."""

from dataclasses import dataclass

import torch
from torch import Tensor

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Mean and standard deviation of R, G and B in [0, 1]."""

    mean: Colour
    std: Colour


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def normalised(images: Tensor, by: Normalisation) -> Tensor:
    """``B,3,H,W`` float32 of ``B,3,H,W`` in [0, 255]."""
    mean = torch.tensor(by.mean, device=images.device).view(3, 1, 1) * 255
    std = torch.tensor(by.std, device=images.device).view(3, 1, 1) * 255
    return (images.float() - mean) / std
