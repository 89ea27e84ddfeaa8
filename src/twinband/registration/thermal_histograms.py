"""Histograms of a dataset's thermal images: as measured, and as networks and people see it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.core.thermal import CELSIUS_AT_ZERO
from twinband.drawing import svg
from twinband.registration.pairs import Pairs
from twinband.registration.params import RegisterParams
from twinband.registration.trust import spread
from twinband.shards.product import read_manifest
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair

SHOWN_PAIRS = 48  # spread over the dataset: a histogram needs no more
BINS = 64
MEASURED, SEEN = "#9aa5b1", "#d55e00"
GREYS = (0, 256)
Pixels = Sequence[NDArray[Any]]


def thermal_histograms(pairs: Path, registered: Path, params: RegisterParams) -> bytes | None:
    """Draw, as SVG, thermal before and after ``thermal_levels``; None if there is none."""
    rows = read_manifest(registered, ["key", "status", "thermal_present"]).to_pylist()
    present = [row["key"] for row in rows if row["status"] == "ok" and row["thermal_present"]]
    if not present:
        return None
    keys = sorted(set(spread(present, min(len(present), SHOWN_PAIRS))))
    raw = Pairs(pairs, keys)
    measured, celsius = _measured(raw, keys)
    eight_bits = all(values.dtype == np.uint8 for values in measured)
    shown = open_products({"pairs": pairs, "registered": registered}, set(keys))
    seen = [pair.thermal[pair.valid] for pair in map(registered_pair, shown)]
    figure = Figure(figsize=(6.4, 2.3), layout="constrained")
    choice = params.thermal_levels
    figure.suptitle(
        f"thermal of {len(keys)} pairs, rule {choice.rule}, {choice.polarity.replace('_', ' ')}",
        fontsize=9,
    )
    before, after = figure.subplots(1, 2)
    title = "as measured, celsius" if celsius else "as measured, counts"
    _draw(before, measured, title, MEASURED, GREYS if eight_bits else None)
    _draw(after, seen, "as networks and pictures see it, 8 bits", SEEN, GREYS)
    return svg(figure)


def _measured(pairs: Pairs, keys: Sequence[str]) -> tuple[Pixels, bool]:
    """Read the pixels with data; in celsius if all images are radiometric."""
    opened = [pairs.open(key) for key in keys]
    values = [
        np.asarray(pair.counts) if pair.data is None else np.asarray(pair.counts)[pair.data]
        for pair in opened
    ]
    scales = [pair.radiometry for pair in opened]
    if not all(scales):
        return values, False
    return [
        counts * scale["kelvin_per_count"] + scale["kelvin_at_zero"] - CELSIUS_AT_ZERO
        for counts, scale in zip(values, scales, strict=True)
        if scale
    ], True


def _draw(
    axes: Axes, pixels: Pixels, title: str, colour: str, limits: tuple[float, float] | None = None
) -> None:
    """Plot shares of the pixels, each image alike, whatever its size."""
    kept = [values for values in pixels if values.size]
    if kept:
        low = min(float(values.min()) for values in kept)
        high = max(float(values.max()) for values in kept)
        edges = np.linspace(*(limits or (low, max(high, low + 1))), BINS + 1)
        shares = [np.histogram(values, edges)[0] / values.size for values in kept]
        axes.stairs(np.mean(shares, axis=0), edges, fill=True, color=colour, alpha=0.8)
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
