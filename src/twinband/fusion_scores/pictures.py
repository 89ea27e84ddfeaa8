"""Pictures of a comparison: methods side by side with a detail and edges, and their scores."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.drawing import jpg, svg
from twinband.fusion_scores.facts import COMPARED, INFRARED, VISIBLE, MethodFacts

Image = NDArray[np.uint8]
COLUMNS = 5
DETAIL = 0.3  # of the image's sides
GAP_PX = 3
FRAME = (230, 60, 60)


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as all methods fuse it.

    Attributes:
        name: such as the hour of the day.
        images: ``H,W,3`` by method.
        centre: row and column of the detail.
    """

    name: str
    images: Mapping[str, Image]
    centre: tuple[int, int]


def side_by_side(example: Example) -> bytes:
    """Draw what every method makes of a pair: the image, a detail of it and its gradients; JPEG."""
    rows = -(-len(example.images) // COLUMNS)
    figure = Figure(figsize=(2.5 * COLUMNS, 3.0 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (name, image) in zip(grid.flat, example.images.items(), strict=False):
        axes.imshow(_panel(image, example.centre), interpolation="nearest")
        axes.set_title(name, fontsize=9)
    return jpg(figure)


def _panel(image: Image, centre: tuple[int, int]) -> Image:
    """Put a detail and the gradients below the image, which shows where the detail is."""
    height, width = image.shape[:2]
    rows, columns = round(DETAIL * height), round(DETAIL * width)
    top = min(max(centre[0] - rows // 2, 0), height - rows)
    left = min(max(centre[1] - columns // 2, 0), width - columns)
    half = (width - GAP_PX) // 2, height // 2
    detail = image[top : top + rows, left : left + columns]
    detail = cv2.resize(detail, half, interpolation=cv2.INTER_CUBIC)
    edges = cv2.resize(gradients(image), half, interpolation=cv2.INTER_AREA)
    marked = cv2.rectangle(image.copy(), (left, top), (left + columns, top + rows), FRAME, 1)
    panel = np.full((height + GAP_PX + half[1], width, 3), 255, np.uint8)
    panel[:height] = marked
    panel[height + GAP_PX :, : half[0]] = detail
    panel[height + GAP_PX :, -half[0] :] = edges
    return panel


def gradients(image: Image) -> Image:
    """Draw the Sobel gradients of an RGB image's luma, bright where it changes: ``H,W,3``."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    strength = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    levels = np.minimum(strength / 2, 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, 2)


def scores_figure(methods: Mapping[str, MethodFacts]) -> bytes:
    """Plot both compared metrics against each other, and segmentation, a bar a method; SVG."""
    judged = any(method.segmented for method in methods.values())
    figure = Figure(figsize=(9.6 if judged else 5.0, 4.2), layout="constrained")
    panels = figure.subplots(1, 2 if judged else 1, squeeze=False)[0]
    _scatter(panels[0], methods)
    if judged:
        _bars(panels[1], methods)
    return svg(figure)


def _scatter(axes: Axes, methods: Mapping[str, MethodFacts]) -> None:
    first, second = COMPARED
    for name, method in methods.items():
        if first in method.scores and second in method.scores:
            place = method.scores[first], method.scores[second]
            control = name in (VISIBLE, INFRARED)
            axes.plot(*place, "x" if control else "o", color="#777777" if control else "#0072b2")
            axes.annotate(name, place, (4, 3), textcoords="offset points", fontsize=7)
    axes.set(xlabel=first, ylabel=second, title="Fusion metrics: copying one image wins both")
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: Axes, methods: Mapping[str, MethodFacts]) -> None:
    known = {name: method.segmented.miou for name, method in methods.items() if method.segmented}
    names = sorted(known, key=known.__getitem__)
    colours = ["#777777" if name in (VISIBLE, INFRARED) else "#0072b2" for name in names]
    axes.barh(names, [known[name] for name in names], color=colours)
    axes.set(xlabel="mIoU of a frozen segmenter", title="Segmentation of the images")
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
