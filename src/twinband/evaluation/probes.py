"""Simple classifiers on frozen features, and retrieval by them.

Shapes: N samples to learn from, M to predict, D features.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Values = NDArray[np.float32]
Labels = NDArray[np.str_]
Predict = Callable[[Values], Labels]  # M,D to M

TEMPERATURE = 0.07  # of k-NN votes, DINO's
STRENGTHS = (0.003, 0.03, 0.3, 3.0)  # inverse regularisation of the linear probe
HELD_OUT = 5  # one in so many training samples helps to choose among STRENGTHS


def unit(features: Values) -> Values:
    """``N,D`` scaled to length 1, so that products are cosines."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, np.finfo(np.float32).tiny)


def fit_neighbours(features: Values, classes: Labels, k: int) -> Predict:
    """k-NN: the ``k`` most similar by cosine vote, each with exp(cosine / 0.07).

    With fewer than ``k`` samples all vote. Ties go to the sample, or class, that comes first.
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
    """Logistic regression on standardised features.

    Its regularisation is the strongest of those that do best on a fifth of the samples, which the
    others are fitted to; with that, it is fitted to all. With too few samples to hold any out, it
    is the weakest.
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
    """Every fifth sample of each class in random order, none of a class with fewer than five."""
    random = np.random.default_rng(seed)
    held = np.zeros(len(classes), np.bool_)
    for name in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == name))
        held[rows[: len(rows) // HELD_OUT]] = True
    return held


def _linear(strength: float, features: Values, classes: Labels) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(features.astype(np.float64), classes)


def recall_at(queries: Values, gallery: Values, ranks: tuple[int, ...]) -> dict[int, NDArray]:
    """Whether the partner of each query is among its most similar of the gallery, by rank.

    Args:
        queries: ``M,D``; the partner of row ``i`` is row ``i`` of ``gallery``.
        gallery: ``M,D``.

    A tie counts against the query.
    """
    cosines = unit(queries) @ unit(gallery).T
    better = (cosines >= np.diagonal(cosines)[:, None]).sum(axis=1)  # itself included
    return {rank: better <= rank for rank in ranks}
