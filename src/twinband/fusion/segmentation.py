"""The segmenter that fused images should suit: frozen, differentiable in its input.

Source: spec sage, 5.5 and 7.
"""

import importlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from twinband.core.params import ParamsError
from twinband.weights import Weights

PACKAGE = "twinband.segmenters"
UNKNOWN = 255  # label of what is no class of the segmenter


class Segmenter(Protocol):
    """A frozen network of classes.

    Attributes:
        names: of its classes.
    """

    names: tuple[str, ...]

    def probabilities(self, images: Tensor) -> Tensor:
        """Compute ``B,C,H,W``, which add up to 1 at each pixel, of RGB ``B,3,H,W`` in [0, 1]."""
        ...


def open_segmenter(name: str, weights: Weights | None, device: str) -> Segmenter | None:
    """Open the segmenter of the module ``twinband.segmenters.NAME``; None for ``none``.

    Raises:
        ParamsError: there is no such module.
        InputError: the weights are not its own.
    """
    module = f"{PACKAGE}.{name}"
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ParamsError([f"segmenter: there is no {module}"]) from None
    segmenter: Segmenter | None = imported.open_segmenter(weights, device)
    return segmenter


def table_of(classes: Sequence[str], names: Sequence[str]) -> NDArray[np.uint8]:
    """Make the table from label ids to a segmenter's classes.

    Args:
        classes: name of each label id; empty for one that is no class.
        names: the segmenter's classes.

    Returns:
        256 entries, ``UNKNOWN`` where the segmenter has no such class.

    Raises:
        ParamsError: none of the names is a class of the segmenter.
    """
    table = np.full(256, UNKNOWN, np.uint8)
    for label, name in enumerate(classes):
        if name in names:
            table[label] = names.index(name)
    if classes and (table == UNKNOWN).all():
        raise ParamsError(
            [f"classes: none of {', '.join(classes)} is among the segmenter's {', '.join(names)}"]
        )
    return table


def segmentation_loss(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Compute the mean negative log likelihood of labels ``B,H,W`` int64 where they are known; 0
    where none is."""
    known = labels != UNKNOWN
    if not known.any():
        return probabilities.sum() * 0
    eps = torch.finfo(probabilities.dtype).eps
    return F.nll_loss((probabilities + eps).log(), labels, ignore_index=UNKNOWN)
