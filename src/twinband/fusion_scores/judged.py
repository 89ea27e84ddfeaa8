"""Segmentation of fused images by a frozen segmenter.

Only pixels with a class that both the labels and the segmenter know are counted.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from twinband.fusion.segmentation import UNKNOWN, Segmenter
from twinband.metrics.segmentation import Counts, confusion_matrix

Image = NDArray[np.uint8]


def judged(segmenter: Segmenter, image: Image, truth: Image) -> Counts:
    """Count the confusion matrix of one image, ``C,C``.

    Args:
        image: ``H,W,3`` RGB.
        truth: ``H,W`` the segmenter's classes, ``UNKNOWN`` where none is known.
    """
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        predicted = segmenter.probabilities(pixels).argmax(1)[0]
    return confusion_matrix(truth, predicted.numpy(), len(segmenter.names), ignore=UNKNOWN)
