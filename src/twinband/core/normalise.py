"""Normalisation of images: colours centred and scaled as pretrained networks expect them."""

from dataclasses import dataclass
from typing import Any

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
    """Normalise ``B,3,H,W`` in [0, 255] to float32."""
    mean = torch.tensor(by.mean, device=images.device).view(3, 1, 1) * 255
    std = torch.tensor(by.std, device=images.device).view(3, 1, 1) * 255
    return (images.float() - mean) / std


Batch = dict[str, Any]  # name to a Tensor whose first axis is the sample, or a list of str
# ImageNet's, for values of 0..255; thermal images are normalised by them too.
MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


def normalise(batch: Batch, device: torch.device) -> Batch:
    """Move a batch to ``device`` and normalise its uint8 images by ImageNet's statistics:
    ``B,C,H,W`` (C = 1 or 3) become ``B,3,H,W`` float32."""
    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=device).view(1, 3, 1, 1)

    def moved(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.to(device, non_blocking=True)
        return (value - mean).div_(std) if value.dtype == torch.uint8 else value

    return {name: moved(value) for name, value in batch.items()}


def one_channel(thermal: Tensor) -> Tensor:
    """Reduce thermal as a batch has it, ``B,3,H,W``, to the mean of its channels ``B,1,H,W``."""
    return thermal.mean(1, keepdim=True)


def three_channels(thermal: Tensor) -> Tensor:
    """Do the reverse of ``one_channel``: the same image three times, each channel normalised by its
    own mean and deviation."""
    mean, std = (torch.tensor(each, device=thermal.device).view(3, 1, 1) for each in (MEAN, STD))
    level = (thermal + (mean / std).mean()) / (1 / std).mean()
    return (level - mean) / std
