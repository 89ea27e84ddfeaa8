"""MFNet's classes and their colours, and pictures of what a head makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from twinband.drawing import jpg, svg
from twinband.evaluation.figures import grouped_bars, show_image

CLASSES = (
    "unlabeled",
    "car",
    "person",
    "bike",
    "curve",
    "car_stop",
    "guardrail",
    "color_cone",
    "bump",
)
PALETTE = np.asarray(  # as MFNet's authors draw the classes
    [
        (0, 0, 0),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 192),
        (128, 128, 0),
        (64, 64, 128),
        (192, 128, 128),
        (192, 64, 0),
    ],
    np.uint8,
)
# Bars of the IoU plot, by what is missing.
SERIES = {"full": "both", "no_thermal_zeros": "rgb", "no_rgb_zeros": "thermal"}


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A test pair to draw, with true and predicted ids, all ``H,W`` (``rgb`` ``H,W,3``)."""

    hour: str
    rgb: NDArray[np.uint8]
    thermal: NDArray[Any]
    truth: NDArray[np.uint8]
    predicted: NDArray[np.uint8]


def plot_examples(examples: Sequence[Example]) -> bytes:
    """Plot a row for each example: RGB, thermal, truth, prediction; the classes' colours below."""
    figure = Figure(figsize=(8.4, 1.65 * len(examples) + 0.5), layout="constrained")
    for axes, example in zip(
        figure.subplots(len(examples), 4, squeeze=False), examples, strict=True
    ):
        show_image(axes[0], example.rgb)
        show_image(axes[1], example.thermal)
        show_image(axes[2], PALETTE[example.truth])
        show_image(axes[3], PALETTE[example.predicted])
        axes[0].set_ylabel(example.hour, fontsize=8)
    for axes, title in zip(
        figure.axes, ("RGB", "thermal", "truth", "predicted from both"), strict=False
    ):
        axes.set_title(title, fontsize=9)
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
    """Plot IoU by class, from both modalities and with one of them replaced by the mean colour.

    Args:
        iou: IoU by what is missing, then by class; classes absent from some of them count as 0.
    """
    classes = [name for name in CLASSES if any(name in by_class for by_class in iou.values())]
    series = {
        label: {name: iou[key].get(name, 0.0) for name in classes}
        for key, label in SERIES.items()
        if key in iou
    }
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), series, "IoU")
    figure.supxlabel(
        "one head, trained on both; rgb and thermal: the other image replaced by the mean colour",
        fontsize=8,
    )
    return svg(figure)
