"""Images of equal size together, as tensors."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BATCH = 8
Answer = TypeVar("Answer")


def in_batches(
    images: Sequence[NDArray[np.uint8]], device: str, answer: Callable[[Tensor], Sequence[Answer]]
) -> list[Answer]:
    """What ``answer`` says of each image.

    Args:
        images: ``H,W,3`` each, of any sizes.
        answer: is given ``B,3,H,W`` float32 in [0, 255], of one size, ``BATCH`` at most.
    """
    places = defaultdict(list)
    for place, image in enumerate(images):
        places[image.shape].append(place)
    found: dict[int, Answer] = {}
    for alike in places.values():
        for begin in range(0, len(alike), BATCH):
            part = alike[begin : begin + BATCH]
            stack = torch.from_numpy(np.stack([images[place] for place in part])).to(device)
            found.update(zip(part, answer(stack.permute(0, 3, 1, 2).float()), strict=True))
    return [found[place] for place in range(len(images))]
