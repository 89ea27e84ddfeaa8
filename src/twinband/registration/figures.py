"""How registration turned out over a whole dataset."""

from collections import Counter

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinband.figures import svg

BEFORE, AFTER = "#9aa5b1", "#3b6fb6"
BINS = 30
# Title, then the columns shown in it: (label, column, colour).
PANELS = (
    ("score", (("before", "score_before", BEFORE), ("after", "score", AFTER))),
    ("motion of the corners, px", (("", "motion_px", AFTER),)),
    ("forward against backward, px", (("", "forward_backward_px", AFTER),)),
    ("residual shifts (90 %), px", (("", "residual_px_p90", AFTER),)),
    (
        "true corner error, px",
        (("before", "corner_error_px_before", BEFORE), ("after", "corner_error_px", AFTER)),
    ),
)


def distribution(manifest: pa.Table) -> bytes:
    """SVG: a histogram of each quantity that some pair has, the status of all in the title."""
    shown = []
    for title, series in PANELS:
        columns = [(label, manifest[name].drop_null(), colour) for label, name, colour in series]
        present = [
            (label, column.to_numpy(), colour) for label, column, colour in columns if len(column)
        ]
        if len(present) == 2 and np.array_equal(present[0][1], present[1][1]):
            present = [("", *present[1][1:])]  # nothing was moved
        if present and any(np.ptp(values) > 0 or values[0] != 0 for _, values, _ in present):
            shown.append((title, present))
    counts = Counter(manifest["registration"].to_pylist())
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    figure = Figure(figsize=(2.6 * max(len(shown), 1), 2.5), layout="constrained")
    figure.suptitle(words or "no pair", fontsize=9)
    for axes, (title, present) in zip(
        figure.subplots(1, max(len(shown), 1), squeeze=False)[0], shown, strict=False
    ):
        _histogram(axes, title, present)
    return svg(figure)


def _histogram(axes: Axes, title: str, series: list[tuple[str, np.ndarray, str]]) -> None:
    everything = np.concatenate([values for _, values, _ in series])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    for label, values, colour in series:
        counts, _ = np.histogram(values, edges)
        axes.stairs(counts, edges, fill=True, alpha=0.6, color=colour, label=label or None)
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    if any(label for label, _, _ in series):
        axes.legend(frameon=False, fontsize=7)
