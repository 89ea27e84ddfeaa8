"""Maps: the measure laid out over example pairs."""

import io
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from twinband.cmss.build import Plan
from twinband.cmss.encoder import WeightsFile, grid_of, measure
from twinband.cmss.histogram import Histogram
from twinband.cmss.params import CmssParams
from twinband.drawing import QUALITY, UNKNOWN_HOUR, by_hour
from twinband.shards.read import open_products
from twinband.shards.registered import RegisteredPair, pixels_of_patches, registered_pair

COLOURS = "viridis"  # equal steps look equal, in grey and to colour-blind eyes too
LOWEST, HIGHEST = 0.01, 0.999  # quantiles at which colours end
LEAST = 1e-30
WIDTH = 8.4


def choose(plan: Plan, count: int) -> list[tuple[str, str]]:
    """Choose ``count`` pairs by key and hour: one of each hour, then another of each, and so on;
    within an hour those in the middle of equal stretches."""
    groups = by_hour(sorted(chain.from_iterable(plan.shards)), lambda pair: pair[1])
    rounds = -(-count // max(len(groups), 1))
    columns = [_spread(pairs, rounds) for pairs in groups.values()]
    chosen = [pair for row in zip_longest(*columns) for pair in row if pair is not None]
    hours = list(groups)
    return sorted(chosen[:count], key=lambda pair: (hours.index(pair[1]), pair[0]))


def _spread(pairs: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    count = min(count, len(pairs))
    return [pairs[(2 * number + 1) * len(pairs) // (2 * count)] for number in range(count)]


def draw_maps(
    pairs: Path,
    registered: Path,
    chosen: Sequence[tuple[str, str]],
    weights: WeightsFile,
    params: CmssParams,
    patches: Histogram,
) -> bytes:
    """Draw, as JPEG, a row for each chosen pair (key and hour) of RGB, thermal and the measure.

    Args:
        patches: all values of the dataset, by whose quantiles the colours are spread.
    """
    hours = dict(chosen)
    dataset = open_products({"pairs": pairs, "registered": registered}, hours)
    views = {sample["key"]: registered_pair(sample) for sample in dataset}
    grid = grid_of(weights, params)
    low, high = patches.quantile(LOWEST), patches.quantile(HIGHEST)
    scale = Normalize(low, high if high > low else low + patches.width)
    shape = views[chosen[0][0]].valid.shape
    figure, rows, below = _sheet(len(chosen), shape[0] / shape[1])
    for axes, (key, hour) in zip(rows, chosen, strict=True):
        view = views[key]
        values = measure([view], weights, params)[0]
        for place, title, picture in zip(
            axes, ("RGB", "thermal", "CMSS"), _pictures(view, values, grid), strict=True
        ):
            height, width = view.valid.shape
            place.imshow(
                picture,
                cmap=COLOURS if title == "CMSS" else "gray",
                norm=scale if title == "CMSS" else Normalize(0, 255),
                extent=(0, width, height, 0),
                interpolation="nearest" if title == "CMSS" else "antialiased",
            )
            place.set_facecolor("#b0b0b0")
            place.set_xticks([])
            place.set_yticks([])
        axes[0].set_ylabel(f"{hour}\n{_short(key)}" if hour != UNKNOWN_HOUR else _short(key))
    for place, title in zip(rows[0], ("RGB", "thermal", "CMSS of each patch"), strict=True):
        place.set_title(title, fontsize=10)
    bar = figure.colorbar(ScalarMappable(scale, COLOURS), cax=below, orientation="horizontal")
    bar.set_label(
        "log10 of unnormalised CMSS: low where patches differ or hold structure "
        "(grey: not covered by both images)",
        size=9,
    )
    stream = io.BytesIO()
    figure.savefig(stream, format="jpg", dpi=100, pil_kwargs={"quality": QUALITY})
    return stream.getvalue()


def _sheet(rows: int, aspect: float) -> tuple[Figure, np.ndarray, Axes]:
    """Lay out ``rows`` by 3 cells of ``aspect`` (height over width), and a strip below.

    Laid out by hand: matplotlib's own layouts take several times as long as all the drawing.
    """
    left, right, top, bottom, gap = 0.5, 0.05, 0.3, 0.7, 0.06
    cell = (WIDTH - left - right - 2 * gap) / 3
    height = top + bottom + rows * (cell * aspect + gap)
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.subplots(
        rows,
        3,
        squeeze=False,
        gridspec_kw={
            "left": left / WIDTH,
            "right": 1 - right / WIDTH,
            "top": 1 - top / height,
            "bottom": bottom / height,
            "wspace": gap / cell,
            "hspace": gap / (cell * aspect),
        },
    )
    strip = (left / WIDTH, 0.45 / height, 1 - (left + right) / WIDTH, 0.13 / height)
    return figure, grid, figure.add_axes(strip)


def _pictures(
    view: RegisteredPair, values: np.ndarray, grid: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    covered = pixels_of_patches(~view.valid, grid) == 0
    shown = np.ma.masked_array(np.log10(np.maximum(values, LEAST)), ~covered)
    return view.rgb, view.thermal, shown.reshape(grid)


def _short(key: str) -> str:
    return key if len(key) <= 18 else f"…{key[-17:]}"
