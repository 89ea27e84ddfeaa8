"""RGB-thermal pairs in and around one shared encoder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def batch_images(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """``rgb`` and ``thermal`` of a batch.

    Raises:
        ValueError: their shapes differ.
    """
    rgb, thermal = batch["rgb"], batch["thermal"]
    if rgb.shape != thermal.shape:
        raise ValueError(
            f"rgb {tuple(rgb.shape)} and thermal {tuple(thermal.shape)} must have one shape:"
            " register the pairs first"
        )
    return rgb, thermal


def interleave(rgb: Tensor, thermal: Tensor) -> Tensor:
    """``B,...`` each, to ``2B,...`` in the order rgb 0, thermal 0, rgb 1, thermal 1, ..."""
    return torch.stack([rgb, thermal], 1).flatten(0, 1)


def refold(features: Tensor) -> Tensor:
    """``2B,C,H,W`` features of interleaved pairs, to ``B,2C,H,W``: RGB channels, then thermal.

    Raises:
        ValueError: an odd number of images.
    """
    if len(features) % 2:
        raise ValueError(f"interleaved pairs come in even numbers, got {len(features)} images")
    return features.unflatten(0, (-1, 2)).flatten(1, 2)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """``model`` in evaluation mode for a while: nothing in it learns from what it is shown."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
