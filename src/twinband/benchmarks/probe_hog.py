"""A floor for later models: what a linear classifier on HOG features tells of object crops.

RGB alone, thermal alone, and both, by hour. Any pretrained encoder has to beat it.
"""

from pathlib import Path
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

from twinband.benchmarks._base import Benchmark as Base
from twinband.benchmarks._base import Scores
from twinband.benchmarks._figures import grouped_bars, svg
from twinband.errors import InputError
from twinband.images import to_eight_bits
from twinband.params.base import Params
from twinband.shards.join import Dataset, open_products

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


class Benchmark(Base):
    """Trains on the split ``train`` and scores on all others (``val``, ``test``)."""

    Options = Options

    def run(self, pairs: Path) -> Scores:
        dataset = open_products({"pairs": pairs})
        classes, hours, splits = self._facts(dataset, pairs)
        train, test = splits == "train", splits != "train"
        if not train.any() or not test.any() or len(set(classes[train])) < 2:
            raise InputError(f"{pairs}: needs crops of two classes, to train and to test on")
        features = self._features(dataset)
        predicted = {
            name: self._predict(values[train], classes[train], values[test])
            for name, values in features.items()
        }
        accuracy = {
            name: _accuracy(guess == classes[test], hours[test])
            for name, guess in predicted.items()
        }
        keys = np.asarray(dataset.keys)[test]
        predictions = {
            str(key): {name: str(guess[row]) for name, guess in predicted.items()}
            for row, key in enumerate(keys)
        }
        best = ", ".join(f"{name} {accuracy[name]['overall']:.3f}" for name in MODALITIES)
        chance = max(np.unique(classes[test], return_counts=True)[1]) / int(test.sum())
        return Scores(
            summary=f"accuracy {best} (most frequent class {chance:.3f})",
            metrics={
                "accuracy": accuracy,
                "most_frequent_class": round(float(chance), 4),
                "train_crops": int(train.sum()),
                "test_crops": int(test.sum()),
            },
            predictions=predictions,
            plots={"accuracy_by_hour.svg": _plot(accuracy)},
        )

    def _facts(self, dataset: Dataset, pairs: Path) -> tuple[NDArray[Any], ...]:
        attributes = [dict(row) for row in dataset.column("pairs", "attributes").to_pylist()]
        if any("class" not in row for row in attributes):
            raise InputError(f"{pairs}: its pairs have no class; use a dataset of class folders")
        classes = np.asarray([row["class"] for row in attributes])
        hours = np.asarray(
            [hour or "unknown" for hour in dataset.column("pairs", "hour").to_pylist()]
        )
        return classes, np.asarray(hours), np.asarray(dataset.column("pairs", "split").to_pylist())

    def _features(self, dataset: Dataset) -> dict[str, NDArray[np.float64]]:
        rgb, thermal = [], []
        for sample in dataset:
            rgb.append(self._hog(sample["pairs"]["rgb"].mean(axis=2)))
            thermal.append(self._hog(to_eight_bits(sample["pairs"]["thermal"])))
        both = np.hstack([np.asarray(rgb), np.asarray(thermal)])
        return {"rgb": np.asarray(rgb), "thermal": np.asarray(thermal), "both": both}

    def _hog(self, grey: NDArray[Any]) -> NDArray[np.float64]:
        side, cell = self.options.crop_px, self.options.cell_px
        small = resize(grey.astype(np.float64), (side, side), anti_aliasing=True)
        described: NDArray[np.float64] = hog(
            small, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)
        )
        return described

    def _predict(
        self, train: NDArray[np.float64], classes: NDArray[Any], test: NDArray[np.float64]
    ) -> NDArray[Any]:
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=2000, random_state=self.seed)
        )
        with threadpool_limits(1):  # sums depend on how many threads share them
            predicted: NDArray[Any] = model.fit(train, classes).predict(test)
        return predicted


def _accuracy(right: NDArray[np.bool_], hours: NDArray[Any]) -> dict[str, float]:
    by_hour = {str(hour): right[hours == hour] for hour in sorted(set(hours.tolist()))}
    shares = {hour: round(float(values.mean()), 4) for hour, values in by_hour.items()}
    return {"overall": round(float(right.mean()), 4), **shares}


def _plot(accuracy: dict[str, dict[str, float]]) -> bytes:
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), accuracy, "accuracy")
    return svg(figure)
