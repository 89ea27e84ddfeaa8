"""Pictures of a segmentation: examples in MFNet's colours, and IoU by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from twinband.benchmarks._figures import grouped_bars, jpg, show_image
from twinband.benchmarks._mfnet import CLASSES, PALETTE
from twinband.figures import svg
from twinband.images import to_eight_bits

SERIES = {"full": "both", "no_thermal_zeros": "rgb", "no_rgb_zeros": "thermal"}


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One test pair with its ids, true and predicted, all ``H,W`` (``rgb`` ``H,W,3``)."""

    hour: str
    rgb: NDArray[np.uint8]
    thermal: NDArray[Any]
    truth: NDArray[np.uint8]
    predicted: NDArray[np.uint8]


def plot_examples(examples: Sequence[Example]) -> bytes:
    """A row for each example: RGB, thermal, truth, prediction; the classes' colours below."""
    figure = Figure(figsize=(8.4, 1.65 * len(examples) + 0.5), layout="constrained")
    for axes, example in zip(
        figure.subplots(len(examples), 4, squeeze=False), examples, strict=True
    ):
        show_image(axes[0], example.rgb)
        show_image(axes[1], to_eight_bits(example.thermal))
        show_image(axes[2], PALETTE[example.truth])
        show_image(axes[3], PALETTE[example.predicted])
        axes[0].set_ylabel(example.hour, fontsize=8)
    for place, title in zip(
        figure.axes, ("RGB", "thermal", "truth", "predicted from both"), strict=False
    ):
        place.set_title(title, fontsize=9)
    colours = [Patch(color=PALETTE[i] / 255, label=name) for i, name in enumerate(CLASSES)]
    figure.legend(
        handles=colours,
        loc="outside lower center",
        ncols=len(CLASSES),
        fontsize=7,
        frameon=False,
        handlelength=1,
        columnspacing=1,
    )
    return jpg(figure)


def plot_iou(iou: Mapping[str, Mapping[str, float]]) -> bytes:
    """IoU of each class from both modalities, and with the mean colour in place of one of them.

    Args:
        iou: by what is hidden, then by class; one that only a part of them has counts as 0.
    """
    classes = [name for name in CLASSES if any(name in shares for shares in iou.values())]
    series = {
        label: {name: iou[key].get(name, 0.0) for name in classes} for key, label in SERIES.items()
    }
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), series, "IoU")
    figure.supxlabel(
        "one head, trained on both; rgb and thermal: the other image replaced by the mean colour",
        fontsize=8,
    )
    return svg(figure)
