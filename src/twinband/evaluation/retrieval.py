"""Retrieval of the other modality's image: ranks, trivial descriptors, pictures.

Shapes: N pairs, D features, G pixels of a descriptor.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.feature import hog
from skimage.transform import resize

from twinband.drawing import jpg, svg
from twinband.evaluation.benchmark import Pairs
from twinband.evaluation.figures import Interval, grouped_bars, show_image
from twinband.evaluation.probes import Values, unit
from twinband.shards.registered import RegisteredPair

PIXELS = 16  # side of the tiny images that are compared pixel by pixel
EDGES_PX, CELL_PX = 64, 8  # side of the images, and of the cells, of histograms of gradients
EXAMPLES = 6  # rows of the picture
ANSWERS = 5  # nearest images in a row

Ranks = NDArray[np.int64]


def partner_ranks(queries: Values, gallery: Values) -> Ranks:
    """Tell the rank of each query's partner among the gallery by cosine, from 1.

    A tie counts against the query.

    Args:
        queries: ``N,D``; the partner of row ``i`` is row ``i`` of ``gallery``.
        gallery: ``N,D``.
    """
    cosines = unit(queries) @ unit(gallery).T
    ranks: Ranks = (cosines >= np.diagonal(cosines)[:, None]).sum(axis=1)
    return ranks


def nearest_of(queries: Values, gallery: Values) -> Ranks:
    """Tell the row of the gallery that is nearest to each query by cosine; ties go to the first."""
    rows: Ranks = (unit(queries) @ unit(gallery).T).argmax(axis=1)
    return rows


def pixel_features(grey: NDArray[Any]) -> Values:
    """Scale a grey image ``H,W`` to 16x16 pixels of mean 0 and deviation 1, ``G``; a flat one is
    all 0."""
    small = _scaled(grey, PIXELS)
    centred = small - small.mean()
    return (centred / max(float(centred.std()), 1e-6)).astype(np.float32).ravel()


def edge_features(grey: NDArray[Any]) -> Values:
    """Describe a grey image ``H,W`` by histograms of the orientation of its gradients, ``G``.

    Directions that are opposite are one, so inverted contrast changes nothing.
    """
    features: Values = hog(
        _scaled(grey, EDGES_PX), pixels_per_cell=(CELL_PX, CELL_PX), cells_per_block=(2, 2)
    ).astype(np.float32)
    return features


def grey_images(pair: RegisteredPair) -> dict[str, NDArray[Any]]:
    """Take both images of a pair as grey ``H,W``."""
    return {"rgb": pair.rgb.mean(axis=2), "thermal": pair.thermal}


def _scaled(grey: NDArray[Any], side: int) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = resize(grey.astype(np.float64), (side, side), anti_aliasing=True)
    return scaled


def first_of_each(groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Tell the row of the first pair of each group (sequence), in their order."""
    _, rows = np.unique(groups, return_index=True)
    return np.sort(rows)


def plot_recall(
    recall: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, Interval]],
) -> bytes:
    """Plot recall by rank, a series for each way of comparing images.

    Args:
        intervals: low and high end of each bar's whisker, as ``recall``.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    grouped_bars(figure.subplots(), recall, "recall", intervals)
    figure.supxlabel("the RGB image of a thermal one; whiskers: 95 % intervals", fontsize=8)
    return svg(figure)


def plot_retrieval(pairs: Pairs, rows: NDArray[np.int64], features: tuple[Values, Values]) -> bytes:
    """Plot thermal images, their RGB partners (framed) and their nearest RGB images.

    Args:
        rows: the gallery's N pairs.
        features: ``N,D`` of thermal images, and of RGB images.
    """
    examples = np.unique(np.linspace(0, len(rows) - 1, EXAMPLES).round().astype(int))
    cosines = unit(features[0][examples]) @ unit(features[1]).T
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :ANSWERS]
    figure = Figure(figsize=(1.25 * (ANSWERS + 2), 1.45 * len(examples)), layout="constrained")
    grid = figure.subplots(len(examples), ANSWERS + 2, squeeze=False)
    for axes, query, similarity, answers in zip(grid, examples, cosines, nearest, strict=True):
        pair = pairs[int(rows[query])]
        rank = int((similarity >= similarity[query]).sum())
        show_image(axes[0], pair.thermal, str(pairs.hours[rows[query]]))
        show_image(axes[1], pair.rgb, f"its RGB: rank {rank}", framed=True)
        for cell, answer in zip(axes[2:], answers, strict=False):
            title = f"cosine {similarity[answer]:.3f}"
            show_image(cell, pairs[int(rows[answer])].rgb, title, framed=bool(answer == query))
        for cell in axes[2 + len(answers) :]:
            cell.axis("off")
    return jpg(figure)
