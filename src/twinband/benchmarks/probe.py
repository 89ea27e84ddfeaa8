"""Benchmark of frozen features on object crops: classification, whole and with one modality hidden.

k-NN and a linear classifier on features of RGB, of thermal and of both, by hour, and what those of
both are worth when one modality is hidden. Features of RGB or of thermal are those of a model that
was shown nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinband.core.params import Params
from twinband.evaluation.benchmark import Benchmark as Base
from twinband.evaluation.benchmark import (
    Inputs,
    Pairs,
    Scores,
    by_hour,
    json_member,
    open_pairs,
    wilson,
)
from twinband.evaluation.facts import MODALITY_BIAS, WAYS, Way, modality_bias
from twinband.evaluation.features import (
    FULL,
    EncodedPairs,
    FrozenEncoder,
    Pool,
    Ways,
    fixed_threads,
    hidden_name,
    pooled,
)
from twinband.evaluation.model import load_model
from twinband.evaluation.probes import (
    Labels,
    Predict,
    Values,
    fit_linear,
    fit_neighbours,
    plot_accuracy,
    plot_confusion,
    unit,
)
from twinband.networks.vit import Features
from twinband.shards.registered import RegisteredPair

MODALITIES = ("rgb", "thermal", "both")
Answers = Mapping[str, Labels]  # predicted classes of the test crops, by modality
# Masks of the test crops that were classified correctly, by classifier and modality.
Correct = Mapping[str, Mapping[str, NDArray[np.bool_]]]
Probes = Mapping[str, Mapping[str, Predict]]  # by classifier and modality
# Features ``N,D`` or ``N,2D`` of N crops: of each modality by itself (``rgb``, ``thermal``), of
# both (``full``), and of both with one hidden (``no_thermal_zeros``, …).
CropFeatures = Mapping[str, Values]


class Options(Params):
    """Options of features and classifiers.

    Attributes:
        image_px: side that crops are scaled to, of whole patches.
        pool: feature of an image: its class token, or the mean of its patches' tokens.
        k: neighbours that vote.
        hiding: ways of hiding a modality; ``predicted`` counts only for models that predict.
        batch: pairs that go through the encoder together.
        threads: threads of PyTorch; features differ between one thread and two.
    """

    image_px: Annotated[int, Field(ge=8, le=1024)]
    pool: Pool
    k: Annotated[int, Field(ge=1)]
    hiding: Ways = WAYS
    batch: Annotated[int, Field(ge=1)] = 32
    threads: Annotated[int, Field(ge=1)] = 1


class Benchmark(Base[Options]):
    """Trains on the split ``train`` and scores on all others (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        classes = pairs.classes()
        side = self.options.image_px
        with fixed_threads(self.options.threads):
            encoder = FrozenEncoder(load_model(inputs.model), (side, side))
            total, counts = len(pairs.keys), int(pairs.train.sum())
            train = self._features(
                encoder, pairs.select(pairs.train), (), lambda done: inputs.progress(done, total)
            )
            test = self._features(
                encoder,
                pairs.select(pairs.test),
                self.options.hiding,
                lambda done: inputs.progress(counts + done, total),
            )
        with fixed_threads(1):  # small sums: more threads only wait for each other
            return self._scores(pairs, classes, train, test)

    def _features(
        self,
        encoder: FrozenEncoder,
        crops: Iterable[RegisteredPair],
        hiding: Sequence[Way],
        progress: Callable[[int], None],
    ) -> CropFeatures:
        parts: dict[str, list[Values]] = {}
        done = 0
        for encoded in encoder.batches(crops, self.options.batch):
            for name, values in self._of_batch(encoded, hiding).items():
                parts.setdefault(name, []).append(values)
            done += len(encoded.pairs)
            progress(done)
        return {name: np.concatenate(values) for name, values in parts.items()}

    def _of_batch(self, encoded: EncodedPairs, hiding: Sequence[Way]) -> CropFeatures:
        alone = {name: self._unit(encoded.alone(name)) for name in ("rgb", "thermal")}
        variants = encoded.variants(hiding).items()
        return {
            **alone,
            **{name: np.hstack([self._unit(place) for place in both]) for name, both in variants},
        }

    def _unit(self, features: Features) -> Values:
        vectors: Values = pooled(features, self.options.pool).numpy()
        return unit(vectors)

    def _scores(
        self, pairs: Pairs, classes: Labels, train: CropFeatures, test: CropFeatures
    ) -> Scores:
        probes = self._fitted(train, classes[pairs.train])
        truth, hours = classes[pairs.test], pairs.hours[pairs.test]
        answers = {
            probe: {name: fitted[name](test[_shown(name)]) for name in MODALITIES}
            for probe, fitted in probes.items()
        }
        correct = {
            probe: {name: guess == truth for name, guess in guesses.items()}
            for probe, guesses in answers.items()
        }
        frequent = max(np.unique(truth, return_counts=True)[1]) / truth.size
        hidden = {probe: _of_both(fitted["both"], test, truth) for probe, fitted in probes.items()}
        linear = hidden["linear"]
        bias = modality_bias("linear probe, accuracy", linear, wilson(correct["linear"]["both"]))
        facts: dict[str, Any] = {
            "accuracy": _by_probe(correct, lambda hit: _shares(hit, hours)),
            "interval_95": _by_probe(correct, wilson),
            "class_mean_accuracy": _by_probe(correct, lambda hit: _class_mean(hit, truth)),
            "drop_of_both": {
                probe: {n: shares[FULL] - share for n, share in shares.items() if n != FULL}
                for probe, shares in hidden.items()
            },
            MODALITY_BIAS: bias.plain(),
            "most_frequent_class": float(frequent),
            "test_splits": pairs.test_splits(),
            "test_crops": int(truth.size),
            "train_crops": int(pairs.train.sum()),
        }
        return Scores(
            summary=_summary(correct, frequent),
            headline={
                **{
                    f"linear_{name}": facts["accuracy"]["linear"][name]["overall"]
                    for name in correct["linear"]
                },
                "knn_both": facts["accuracy"]["knn"]["both"]["overall"],
                **_headline_hidden(linear),
            },
            facts=facts,
            predictions=_predictions(pairs.keys[pairs.test], answers),
            plots={
                "accuracy_by_hour.svg": plot_accuracy(correct, hours, frequent),
                "confusion.svg": plot_confusion(truth, answers["linear"]),
            },
        )

    def _fitted(self, train: CropFeatures, classes: Labels) -> Probes:
        """Fit the classifiers, by kind and modality."""
        features, k = {name: train[_shown(name)] for name in MODALITIES}, self.options.k
        return {
            "linear": {name: fit_linear(x, classes, self.seed) for name, x in features.items()},
            "knn": {name: fit_neighbours(x, classes, k) for name, x in features.items()},
        }


def _shown(modality: str) -> str:
    """Name the features that are of a modality, or of both."""
    return FULL if modality == "both" else modality


def _headline_hidden(shares: Mapping[str, float]) -> dict[str, float]:
    """Choose the ways of hiding that stand among the headline numbers."""
    named = {"zeros": "", "predicted": "_predicted"}
    return {
        f"linear_no_{modality}{ending}": shares[hidden_name(modality, way)]
        for way, ending in named.items()
        for modality in ("thermal", "rgb")
        if hidden_name(modality, way) in shares
    }


def _of_both(predict: Predict, test: CropFeatures, truth: Labels) -> dict[str, float]:
    """Score the probe of both modalities on all that it can be shown: ``full``, and with one
    hidden."""
    return {
        name: float(np.mean(predict(features) == truth))
        for name, features in test.items()
        if name not in MODALITIES
    }


def _by_probe(
    correct: Correct, score: Callable[[NDArray[np.bool_]], Any]
) -> dict[str, dict[str, Any]]:
    """Score each classifier and modality."""
    return {
        probe: {name: score(hit) for name, hit in hits.items()} for probe, hits in correct.items()
    }


def _shares(hit: NDArray[np.bool_], hours: NDArray[np.str_]) -> dict[str, float]:
    return {name: float(hit[rows].mean()) for name, rows in by_hour(hours)}


def _class_mean(hit: NDArray[np.bool_], truth: Labels) -> float:
    """Average the accuracies of the classes."""
    return float(np.mean([hit[truth == name].mean() for name in np.unique(truth)]))


def _predictions(keys: NDArray[np.str_], answers: Mapping[str, Answers]) -> dict[str, Any]:
    def prediction(row: int) -> dict[str, dict[str, str]]:
        return {
            probe: {name: str(guess[row]) for name, guess in guesses.items()}
            for probe, guesses in answers.items()
        }

    return {str(key): {"json": json_member(prediction(row))} for row, key in enumerate(keys)}


def _summary(correct: Correct, frequent: float) -> str:
    shares = ", ".join(f"{name} {hit.mean():.3f}" for name, hit in correct["linear"].items())
    low, high = wilson(correct["linear"]["both"])
    return (
        f"linear probe {shares} (95 % interval of both {low:.3f} to {high:.3f}; "
        f"most frequent class {frequent:.3f})"
    )
