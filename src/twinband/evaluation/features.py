"""Frozen features of pairs, a batch at a time.

Both images of a pair go through one encoder, stacked as rgb 0, thermal 0, rgb 1, thermal 1, ...
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from twinband.errors import InputError
from twinband.images import to_eight_bits
from twinband.models.pairs import interleave
from twinband.models.vit import Features, VisionTransformer
from twinband.registration.view import RegisteredPair
from twinband.training.data import normalise

Size = tuple[int, int]
"""Height and width in pixels."""


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Sums depend on how many threads share them: within, there are always as many."""
    before, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(before)


def encode(
    encoder: VisionTransformer, pairs: Iterable[RegisteredPair], size: Size, batch: int
) -> Iterator[tuple[list[RegisteredPair], Features]]:
    """Batches of pairs, each with the features of its images: those of RGB images at even places,
    of thermal images at odd ones.

    Args:
        size: that images are scaled to, of whole patches.
        batch: pairs that go through the encoder together.

    Raises:
        InputError: the features are not finite, so the weights are of no use.
    """
    waiting = iter(pairs)
    while together := list(islice(waiting, batch)):
        with torch.no_grad():
            features = encoder(_images(together, size))
        if not torch.isfinite(features.tokens).all():
            raise InputError("the encoder's features are not finite: its training must have failed")
        yield together, features


def encode_blank(encoder: VisionTransformer, size: Size) -> Features:
    """The features of one image that is all zeros once normalised, which is the mean colour."""
    with torch.no_grad():
        features: Features = encoder(torch.zeros(1, 3, *size))
    return features


def _images(pairs: Sequence[RegisteredPair], size: Size) -> Tensor:
    """``2B,3,H,W``: both images of each pair, normalised as in training.

    Thermal that counts as absent becomes zeros after normalisation.
    """
    rgb = torch.from_numpy(np.stack([_scaled(pair.rgb, size) for pair in pairs]))
    thermal = torch.from_numpy(
        np.stack([_scaled(to_eight_bits(pair.thermal), size) for pair in pairs])
    )
    images = {"rgb": rgb.permute(0, 3, 1, 2), "thermal": thermal[:, None]}
    normal = normalise(images, torch.device("cpu"))
    present = torch.tensor([pair.thermal_present for pair in pairs]).view(-1, 1, 1, 1)
    return interleave(normal["rgb"], normal["thermal"] * present)


def _scaled(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    height, width = size
    if image.shape[:2] == size:
        return image
    smaller = image.shape[0] * image.shape[1] > height * width
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    scaled: NDArray[Any] = cv2.resize(image, (width, height), interpolation=how)
    return scaled
