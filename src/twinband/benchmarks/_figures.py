"""Figures of benchmarks: the same data give the same bytes."""

import io
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"rgb": "#3b6fb6", "thermal": "#c8553d", "both": "#5b8c5a"}


def svg(figure: Figure) -> bytes:
    """The figure as SVG, without a date and with fixed ids."""
    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "twinband", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def grouped_bars(axes: Axes, series: Mapping[str, Mapping[str, float]], label: str) -> None:
    """Bars of each series side by side, a group for each of the series' common keys."""
    groups = list(next(iter(series.values())))
    width = 0.8 / len(series)
    for number, (name, values) in enumerate(series.items()):
        places = np.arange(len(groups)) + (number - (len(series) - 1) / 2) * width
        bars = axes.bar(
            places, [values[g] for g in groups], width, label=name, color=COLOURS.get(name)
        )
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
    axes.set_xticks(np.arange(len(groups)), groups)
    axes.set_ylim(0, 1.08)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        frameon=False, ncols=len(series), loc="lower left", bbox_to_anchor=(0, 1), fontsize=8
    )
