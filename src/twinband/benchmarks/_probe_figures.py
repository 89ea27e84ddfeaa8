"""Pictures of the probe: accuracy, confusion, and what retrieval finds."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twinband.benchmarks._figures import (
    grouped_bars,
    jpg,
    show_image,
    table_of_counts,
)
from twinband.benchmarks._intervals import wilson
from twinband.benchmarks._pairs import Pairs, by_hour
from twinband.benchmarks._probes import Labels, Values, unit
from twinband.figures import svg
from twinband.images import to_eight_bits
from twinband.metrics.segmentation import confusion_matrix

TITLES = {"linear": "linear probe", "knn": "k-NN"}
EXAMPLES = 6
SHOWN = 5


def plot_accuracy(
    right: Mapping[str, Mapping[str, NDArray[np.bool_]]],
    hours: NDArray[np.str_],
    frequent: float,
) -> bytes:
    """Accuracy by hour with 95 % intervals, one row of bars a classifier.

    Args:
        right: whether each test crop was told right, by classifier and modality.
        frequent: share of the most frequent class, drawn as a line.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    groups = list(by_hour(hours))
    for axes, (probe, hits) in zip(
        figure.subplots(len(right), squeeze=False).flat, right.items(), strict=True
    ):
        shares = {m: {g: float(hit[rows].mean()) for g, rows in groups} for m, hit in hits.items()}
        ends = {m: {g: wilson(hit[rows]) for g, rows in groups} for m, hit in hits.items()}
        axes.axhline(frequent, color="#888888", linewidth=0.8, linestyle="--", zorder=0)
        grouped_bars(axes, shares, f"accuracy, {TITLES[probe]}", ends)
        labels = [f"{group}\n{int(rows.sum())} crops" for group, rows in groups]
        axes.set_xticks(range(len(groups)), labels, fontsize=8)
    figure.supxlabel("whiskers: 95 % intervals; dashed: the most frequent class", fontsize=8)
    return svg(figure)


def plot_confusion(truth: Labels, answers: Mapping[str, Labels]) -> bytes:
    """A confusion matrix for each modality."""
    names = np.unique(np.concatenate([truth, *answers.values()]))
    figure = Figure(figsize=(3.2 * len(answers), 3.4), layout="constrained")
    for axes, (name, guess) in zip(figure.subplots(1, len(answers)), answers.items(), strict=True):
        rows, columns = np.searchsorted(names, truth), np.searchsorted(names, guess)
        table_of_counts(axes, confusion_matrix(rows, columns, len(names)), names.tolist())
        axes.set_title(f"linear probe, {name}", fontsize=9)
    return svg(figure)


def plot_retrieval(pairs: Pairs, thermal: Values, rgb: Values) -> bytes:
    """Some test crops' thermal images, their own RGB images, and the RGB images that come nearest;
    the right one is framed.

    Args:
        thermal: features of the test crops' thermal images.
        rgb: of their RGB images.
    """
    tested = np.flatnonzero(pairs.test)
    shown = np.unique(np.linspace(0, len(tested) - 1, EXAMPLES).round().astype(int))
    cosines = unit(thermal[shown]) @ unit(rgb).T
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :SHOWN]
    figure = Figure(figsize=(1.25 * (SHOWN + 2), 1.45 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), SHOWN + 2, squeeze=False)
    for axes, query, own, found in zip(grid, shown, cosines, nearest, strict=True):
        asked = pairs[int(tested[query])]
        rank = int((own >= own[query]).sum())
        show_image(axes[0], to_eight_bits(asked.thermal), pairs.hours[tested[query]])
        show_image(axes[1], asked.rgb, f"its RGB: rank {rank}", framed=True)
        for place, answer in zip(axes[2:], found, strict=False):
            image = pairs[int(tested[answer])].rgb
            show_image(place, image, f"cosine {own[answer]:.3f}", framed=bool(answer == query))
        for place in axes[2 + len(found) :]:
            place.axis("off")
    return jpg(figure)
