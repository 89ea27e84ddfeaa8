"""Pictures of a trained fusion: pairs beside what was made of them, and the losses."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.core.images import encode_jpeg
from twinband.drawing import QUALITY, svg, words
from twinband.fusion.facts import Curve

Images = Sequence[NDArray[np.uint8]]
GAP_PX = 4
COLUMNS = 3  # of the figure of losses


def fused_sheet(rows: Sequence[Images]) -> bytes:
    """Draw rows of images ``H,W,3`` of one size beside each other, as JPEG."""
    height = max(image.shape[0] for images in rows for image in images)
    width = max(image.shape[1] for images in rows for image in images)
    cells = [[_cell(image, height, width) for image in images] for images in rows]
    return encode_jpeg(np.vstack([np.hstack(row) for row in cells]), QUALITY)


def _cell(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    cell = np.full((height + GAP_PX, width + GAP_PX, 3), 255, np.uint8)
    cell[: image.shape[0], : image.shape[1]] = image
    return cell


def loss_figure(curve: Curve, groups: Mapping[str, Sequence[str]]) -> bytes:
    """Plot columns of a loss curve, a panel a group, as SVG.

    Args:
        groups: by the panel's title the columns, by name; those that are not there are left out.
    """
    shown = {title: [n for n in names if n in curve] for title, names in groups.items()}
    shown = {title: names for title, names in shown.items() if names}
    figure = Figure(figsize=(4.2 * len(shown), 3.2), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (title, names) in zip(panels, shown.items(), strict=True):
        for name in names:
            known = np.isfinite(curve[name]) & (curve[name] > 0)
            label = words(name.partition("_")[2] or name)
            axes.plot(curve["step"][known], curve[name][known], label=label)
        axes.set(title=title, xlabel="step", yscale="log")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
    return svg(figure)
