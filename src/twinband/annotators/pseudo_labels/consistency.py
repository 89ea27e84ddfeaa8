"""Whether an annotator says the same of an image shown otherwise: for leaving out bad labels where
nobody knows the truth. 1 is full agreement."""

import numpy as np
from numpy.typing import NDArray

from twinband.annotators.labellers._base import Depth, Label, Semantics


def mirrored(label: Label) -> Label:
    """The label of the mirrored image, laid over the image itself."""
    if isinstance(label, Depth):
        return Depth(label.values[:, ::-1], label.inverse, label.scale_m)
    return Semantics(label.classes[:, ::-1], label.confidence[:, ::-1], label.names)


def consistency(label: Label, other: Label) -> float:
    """How far two labels of one image agree, in [0, 1].

    Of classes the share of pixels that are equal. Of depth 1 less the mean difference, relative
    to the mean of both; if the scale is unknown, ``other`` is first brought to the same median.
    """
    if isinstance(label, Semantics) and isinstance(other, Semantics):
        return float((label.classes == other.classes).mean())
    assert isinstance(label, Depth) and isinstance(other, Depth)
    second = other.values.astype(np.float64)
    if label.scale_m is None:
        second = second * _ratio(np.median(label.values), np.median(second))
    return _agreement(label.values.astype(np.float64), second)


def _agreement(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    whole = float(np.abs(first).mean() + np.abs(second).mean()) / 2
    return max(0.0, 1 - float(np.abs(first - second).mean()) / whole) if whole else 1.0


def _ratio(wanted: np.floating, found: np.floating) -> float:
    return float(wanted / found) if wanted and found else 1.0
