"""Parts of the benchmarks' figures: bars, tables of counts, images."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from twinband.drawing import MODALITY_COLOURS

COLOURS = {**MODALITY_COLOURS, "both": "#009e73"}
FRAME = "#1a9850"
Interval = tuple[float, float]


def grouped_bars(
    axes: Axes,
    series: Mapping[str, Mapping[str, float]],
    label: str,
    intervals: Mapping[str, Mapping[str, Interval]] | None = None,
) -> None:
    """Draw the bars of all series side by side, a group for each of their common keys.

    Args:
        intervals: low and high end of the whisker on each bar.
    """
    groups = list(next(iter(series.values())))
    width = 0.8 / len(series)
    for number, (name, values) in enumerate(series.items()):
        places = np.arange(len(groups)) + (number - (len(series) - 1) / 2) * width
        heights = np.asarray([values[group] for group in groups])
        bars = axes.bar(places, heights, width, label=name, color=COLOURS.get(name))
        if intervals:
            ends = np.asarray([intervals[name][group] for group in groups]).T
            axes.errorbar(
                places,
                heights,
                np.abs(ends - heights),
                fmt="none",
                ecolor="#555555",
                elinewidth=0.8,
            )
        axes.bar_label(
            bars, fmt="%.2f", fontsize=7, padding=1, label_type="center" if intervals else "edge"
        )
    axes.set_xticks(np.arange(len(groups)), groups)
    axes.set_ylim(0, 1.08)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        frameon=False, ncols=len(series), loc="lower left", bbox_to_anchor=(0, 1), fontsize=8
    )


def table_of_counts(axes: Axes, counts: NDArray[np.int64], names: Sequence[str]) -> None:
    """Draw a confusion matrix: numbers, coloured by their share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.6 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


def show_image(axes: Axes, image: NDArray[np.uint8], title: str = "", framed: bool = False) -> None:
    """Draw an image ``H,W`` (grey) or ``H,W,3`` without ticks, ``framed`` to mark it."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=8)
    for side in axes.spines.values():
        side.set_visible(framed)
        side.set_color(FRAME)
        side.set_linewidth(4)
