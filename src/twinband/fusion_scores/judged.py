"""Segmentation of fused images, by a frozen segmenter or one that was trained on their like.

Only pixels with a class that both the labels and the segmenter know are counted.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.fusion.segmentation import UNKNOWN
from twinband.metrics.segmentation import Counts, confusion_matrix

Image = NDArray[np.uint8]


def judged(scores: Callable[[Tensor], Tensor], classes: int, image: Image, truth: Image) -> Counts:
    """Count the confusion matrix of one image, ``C,C``.

    Args:
        scores: gives scores of classes, ``B,C,H,W``, of RGB images ``B,3,H,W`` in [0, 1].
        image: ``H,W,3`` RGB.
        truth: ``H,W`` classes, ``UNKNOWN`` where none is known.
    """
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        predicted = scores(pixels).argmax(1)[0]
    return confusion_matrix(truth, predicted.numpy(), classes, ignore=UNKNOWN)
