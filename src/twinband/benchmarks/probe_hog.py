"""Benchmark of HOG features on object crops: the baseline that a pretrained encoder has to beat.

A linear classifier on RGB, on thermal and on both, by hour. It evaluates no model: the item names
``models/none.json``.
"""

from typing import Annotated, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field, model_validator
from skimage.feature import hog
from skimage.transform import resize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from twinband.core.params import Params
from twinband.drawing import svg
from twinband.evaluation.benchmark import Benchmark as Base
from twinband.evaluation.benchmark import (
    Inputs,
    Pairs,
    Scores,
    by_hour,
    json_member,
    open_pairs,
)
from twinband.evaluation.figures import grouped_bars

MODALITIES = ("rgb", "thermal", "both")


class Options(Params):
    """``crop_px``: side that crops are scaled to; ``cell_px``: side of a HOG cell."""

    crop_px: Annotated[int, Field(ge=16, le=256)]
    cell_px: Annotated[int, Field(ge=4, le=64)]

    @model_validator(mode="after")
    def _a_block_fits(self) -> "Options":
        if self.crop_px < 2 * self.cell_px:
            raise ValueError("crop_px must be at least twice cell_px: HOG blocks are 2x2 cells")
        return self


class Benchmark(Base[Options]):
    """Trains on the split ``train`` and scores on all others (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        classes, hours, train, test = pairs.classes(), pairs.hours, pairs.train, pairs.test
        features = self._features(pairs)
        predicted = {
            name: self._predict(values[train], classes[train], values[test])
            for name, values in features.items()
        }
        accuracy = {
            name: _accuracy(guess == classes[test], hours[test])
            for name, guess in predicted.items()
        }
        predictions = {
            str(key): {
                "json": json_member({name: str(guess[row]) for name, guess in predicted.items()})
            }
            for row, key in enumerate(pairs.keys[test])
        }
        best = ", ".join(f"{name} {accuracy[name]['overall']:.3f}" for name in MODALITIES)
        chance = max(np.unique(classes[test], return_counts=True)[1]) / int(test.sum())
        return Scores(
            summary=f"accuracy {best} (most frequent class {chance:.3f})",
            headline={f"hog_{name}": accuracy[name]["overall"] for name in MODALITIES},
            facts={
                "accuracy": accuracy,
                "most_frequent_class": float(chance),
                "train_crops": int(train.sum()),
                "test_crops": int(test.sum()),
            },
            predictions=predictions,
            plots={"accuracy_by_hour.svg": _plot(accuracy)},
        )

    def _features(self, pairs: Pairs) -> dict[str, NDArray[np.float64]]:
        rgb, thermal = [], []
        for pair in pairs:
            rgb.append(self._hog(pair.rgb.mean(axis=2)))
            thermal.append(self._hog(pair.thermal))
        both = np.hstack([np.asarray(rgb), np.asarray(thermal)])
        return {"rgb": np.asarray(rgb), "thermal": np.asarray(thermal), "both": both}

    def _hog(self, grey: NDArray[Any]) -> NDArray[np.float64]:
        side, cell = self.options.crop_px, self.options.cell_px
        small = resize(grey.astype(np.float64), (side, side), anti_aliasing=True)
        features: NDArray[np.float64] = hog(
            small, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)
        )
        return features

    def _predict(
        self, train: NDArray[np.float64], classes: NDArray[Any], test: NDArray[np.float64]
    ) -> NDArray[Any]:
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=2000, random_state=self.seed)
        )
        with threadpool_limits(1):  # sums depend on how many threads share them
            predicted: NDArray[Any] = model.fit(train, classes).predict(test)
        return predicted


def _accuracy(right: NDArray[np.bool_], hours: NDArray[np.str_]) -> dict[str, float]:
    return {name: float(right[rows].mean()) for name, rows in by_hour(hours)}


def _plot(accuracy: dict[str, dict[str, float]]) -> bytes:
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), accuracy, "accuracy")
    return svg(figure)
