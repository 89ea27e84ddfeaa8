"""Simple classifiers on frozen features, and pictures of what they say.

Shapes: N samples to learn from, M to predict, D features.
"""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from twinband.drawing import svg
from twinband.evaluation.benchmark import by_hour, wilson
from twinband.evaluation.figures import grouped_bars, table_of_counts
from twinband.metrics.segmentation import confusion_matrix

Values = NDArray[np.float32]
Labels = NDArray[np.str_]
Predict = Callable[[Values], Labels]  # M,D to M

TEMPERATURE = 0.07  # of k-NN votes, DINO's
STRENGTHS = (0.003, 0.03, 0.3, 3.0)  # inverse regularisation of the linear probe
HELD_OUT = 5  # one in so many training samples helps to choose among STRENGTHS
TITLES = {"linear": "linear probe", "knn": "k-NN"}


def unit(features: Values) -> Values:
    """Scale ``N,D`` features to length 1, so that their products are cosines."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, np.finfo(np.float32).tiny)


def fit_neighbours(features: Values, classes: Labels, k: int) -> Predict:
    """Fit a k-NN classifier: the ``k`` nearest by cosine vote with weight exp(cosine / 0.07).

    With fewer than ``k`` samples all vote. Ties go to the first sample, or class.
    """
    names, numbers = np.unique(classes, return_inverse=True)
    known = unit(features)

    def predict(queries: Values) -> Labels:
        cosines = unit(queries) @ known.T
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        closest = np.take_along_axis(cosines, nearest, axis=1).astype(np.float64)
        # relative to the nearest: the vote is the same, and small temperatures do not overflow
        weights = np.exp((closest - closest[:, :1]) / TEMPERATURE)
        votes = np.zeros((len(queries), len(names)))
        np.add.at(votes, (np.arange(len(queries))[:, None], numbers[nearest]), weights)
        return names[votes.argmax(axis=1)]

    return predict


def fit_linear(features: Values, classes: Labels, seed: int) -> Predict:
    """Fit a logistic regression on standardised features.

    Its regularisation is chosen on a held-out fifth of the samples: the strongest of those that do
    best there. With too few samples to hold any out, it is the weakest.
    """
    held = held_out(classes, seed)
    strength = STRENGTHS[-1]
    if held.any():
        right = [
            _linear(s, features[~held], classes[~held]).score(features[held], classes[held])
            for s in STRENGTHS
        ]
        strength = STRENGTHS[int(np.argmax(right))]
    model = _linear(strength, features, classes)
    return lambda queries: np.asarray(model.predict(queries), dtype=np.str_)


def held_out(classes: Labels, seed: int) -> NDArray[np.bool_]:
    """Mark a random fifth of each class, rounded down."""
    random = np.random.default_rng(seed)
    held = np.zeros(len(classes), np.bool_)
    for name in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == name))
        held[rows[: len(rows) // HELD_OUT]] = True
    return held


def _linear(strength: float, features: Values, classes: Labels) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(features.astype(np.float64), classes)


def plot_accuracy(
    right: Mapping[str, Mapping[str, NDArray[np.bool_]]],
    hours: NDArray[np.str_],
    frequent: float,
) -> bytes:
    """Plot accuracy by hour with 95 % intervals, one row of bars a classifier.

    Args:
        right: mask of the test crops that were classified correctly, by classifier and modality.
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
    """Plot a confusion matrix for each modality."""
    names = np.unique(np.concatenate([truth, *answers.values()]))
    figure = Figure(figsize=(3.2 * len(answers), 3.4), layout="constrained")
    for axes, (name, guess) in zip(figure.subplots(1, len(answers)), answers.items(), strict=True):
        rows, columns = np.searchsorted(names, truth), np.searchsorted(names, guess)
        table_of_counts(axes, confusion_matrix(rows, columns, len(names)), names.tolist())
        axes.set_title(f"linear probe, {name}", fontsize=9)
    return svg(figure)
