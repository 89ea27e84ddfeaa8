"""Figures of the measure's distribution, with mixtures drawn over it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.cmss.fitted import Fitted, shares
from twinband.cmss.histogram import Histogram
from twinband.cmss.mixture import Mixture1d
from twinband.cmss.statistics import Statistics
from twinband.drawing import svg

# Okabe and Ito's colours, apart for colour-blind eyes too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31")
DATA, OBJECTS, BACKGROUND = "#c9ced6", "#d55e00", "#6b7785"
TAIL = 0.0005  # share of all values that is not shown at either end
WIDTH = 6.4
BARS, BARS_OF_LINES = 90, 48
ROOM = 1.1  # above the highest bar; a spike of a mixture may stand higher and is cut
LABEL = "log10 of unnormalised CMSS"


def distribution(histogram: Histogram, fitted: Fitted) -> bytes:
    """Draw, as SVG, the histogram under the fixed mixture, and under the one that BIC chose if it
    is another; a dashed line where the normaliser is."""
    mixtures = {f"{fitted.fixed.components} components": fitted.fixed}
    if fitted.best.components == fitted.fixed.components:
        mixtures = {f"{fitted.best.components} components, as BIC chooses too": fitted.best}
    else:
        mixtures[f"{fitted.best.components} components, chosen by BIC"] = fitted.best
    figure = Figure(figsize=(WIDTH, 2.3 * len(mixtures) + 0.3), layout="constrained")
    panels = figure.subplots(len(mixtures), squeeze=False, sharex=True)[:, 0]
    for axes, (title, mixture) in zip(panels, mixtures.items(), strict=True):
        edges = _edges([histogram], BARS)
        density = _density(histogram, edges)
        axes.stairs(density, edges, fill=True, color=DATA)
        _components(axes, mixture, edges)
        label = f"{100 * fitted.quantile:g} % lie below"
        axes.axvline(fitted.normaliser, color="black", ls="--", linewidth=0.9, label=label)
        _dress(axes, title)
        axes.set_ylim(0, ROOM * density.max())
    panels[-1].set_xlabel(LABEL, fontsize=8)
    return svg(figure)


def series(histograms: Mapping[str, Histogram], title: str) -> bytes:
    """Draw, as SVG, the distribution of each histogram as a line, its median marked."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    edges = _edges(list(histograms.values()), BARS_OF_LINES)
    for number, (name, histogram) in enumerate(histograms.items()):
        _line(axes, histogram, edges, name, COLOURS[number % len(COLOURS)])
    _dress(axes, title)
    axes.set_xlabel(LABEL, fontsize=8)
    return svg(figure)


def objects_and_background(statistics: Statistics, fixed: Mixture1d) -> bytes | None:
    """Draw, as SVG, pixels of objects against those of the background, and the share of either in
    each component of ``fixed``; None if no label shows any object."""
    objects, background = statistics.objects, statistics.background
    if not objects.counts.any() or not background.counts.any():
        return None
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    lines, bars = figure.subplots(2)
    edges = _edges([objects, background], BARS_OF_LINES)
    _line(lines, background, edges, "background", BACKGROUND)
    _line(lines, objects, edges, "objects", OBJECTS)
    _dress(lines, "pixels of labelled pairs")
    lines.set_xlabel(LABEL, fontsize=8)
    places = np.arange(fixed.components)
    for shift, name, histogram, colour in (
        (-0.2, "background", background, BACKGROUND),
        (0.2, "objects", objects, OBJECTS),
    ):
        percent = [100 * share for share in shares(fixed, histogram)]
        drawn = bars.bar(places + shift, percent, 0.38, color=colour, label=name)
        bars.bar_label(drawn, [f"{value:.1f}" for value in percent], fontsize=8)
    bars.set_xticks(places, [f"around {_signed(mean)}" for mean in fixed.means])
    bars.set_title("share of pixels in each component, %", fontsize=9)
    bars.set_xlabel("component", fontsize=8)
    bars.margins(y=0.15)
    _bare(bars)
    return svg(figure)


def _components(axes: Axes, mixture: Mixture1d, edges: NDArray[np.float64]) -> None:
    places = np.linspace(edges[0], edges[-1], 400)
    total = np.zeros_like(places)
    rows = zip(mixture.weights, mixture.means, mixture.variances, strict=True)
    for number, (weight, mean, variance) in enumerate(rows):
        squares = np.square(places - mean) / variance
        curve = weight * np.exp(-0.5 * squares) / np.sqrt(2 * np.pi * variance)
        total += curve
        label = f"{100 * weight:.0f} % around {_signed(mean)}"
        axes.plot(places, curve, color=COLOURS[number % len(COLOURS)], label=label, linewidth=1.4)
    if mixture.components > 1:
        axes.plot(places, total, color="black", linewidth=0.8, label="all")


def _line(
    axes: Axes, histogram: Histogram, edges: NDArray[np.float64], name: str, colour: str
) -> None:
    density = _density(histogram, edges)
    axes.stairs(density, edges, color=colour, label=name, linewidth=1.3)
    median = histogram.quantile(0.5)
    place = int(np.clip(np.searchsorted(edges, median) - 1, 0, len(density) - 1))
    axes.plot([median], [density[place]], "o", color=colour, markersize=4)


def _edges(histograms: Sequence[Histogram], bars: int) -> NDArray[np.float64]:
    """Choose edges of about ``bars`` bars of whole bins, over all but ``TAIL`` of the values."""
    first = histograms[0]
    low = min(h.quantile(TAIL) for h in histograms)
    high = max(h.quantile(1 - TAIL) for h in histograms)
    begin, end = (round((place - first.low) / first.width) for place in (low, high))
    group = max(1, -(-(end - begin) // bars))
    begin = max(0, begin - 2 * group)
    end = min(first.bins, end + 2 * group)
    return np.asarray(first.low + np.arange(begin, end + 1, group) * first.width, np.float64)


def _density(histogram: Histogram, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the density of bars between ``edges``, which are edges of bins."""
    places = np.rint((edges - histogram.low) / histogram.width).astype(np.int64)
    upto = np.concatenate([[0], np.cumsum(histogram.counts)])
    counts = np.diff(upto[places])
    return np.asarray(counts / (max(histogram.total, 1) * np.diff(edges)), np.float64)


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=9)
    axes.set_ylabel("density", fontsize=8)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
