"""Benchmark of frozen features on object crops: classification, and retrieval across modalities.

k-NN and a linear classifier on features of RGB, of thermal and of both, by hour; their drop when
one modality is missing; and retrieval of the other modality's image of the same object.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

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
from twinband.evaluation.features import (
    check_size,
    encode,
    encode_blank,
    fixed_threads,
    load_encoder,
    with_missing,
)
from twinband.evaluation.probes import (
    Labels,
    Predict,
    Values,
    fit_linear,
    fit_neighbours,
    plot_accuracy,
    plot_confusion,
    plot_retrieval,
    recall_at,
    unit,
)
from twinband.networks.vit import Features

RANKS = (1, 5)
Answers = Mapping[str, Labels]  # predicted classes of the test crops, by modality
# Masks of the test crops that were classified correctly, by classifier and modality.
Correct = Mapping[str, Mapping[str, NDArray[np.bool_]]]


class Options(Params):
    """Options of features and classifiers.

    Attributes:
        image_px: side that crops are scaled to, of whole patches.
        pool: feature of an image: its class token, or the mean of its patches' tokens.
        k: neighbours that vote.
        batch: pairs that go through the encoder together.
        threads: threads of PyTorch; features differ between one thread and two.
    """

    image_px: Annotated[int, Field(ge=8, le=1024)]
    pool: Literal["class_token", "mean_patch"]
    k: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)] = 32
    threads: Annotated[int, Field(ge=1)] = 1


@dataclass(frozen=True, slots=True, eq=False)
class PairFeatures:
    """Unit features ``N,D`` of both images of each pair, and ``1,D`` of a blank image."""

    rgb: Values
    thermal: Values
    blank: Values

    def only(self, rows: NDArray[np.bool_]) -> "PairFeatures":
        """Select the features of some pairs."""
        return PairFeatures(self.rgb[rows], self.thermal[rows], self.blank)

    def by_modality(self) -> dict[str, Values]:
        """Return the features of RGB, of thermal and of both, concatenated."""
        both = np.hstack([self.rgb, self.thermal])
        return {"rgb": self.rgb, "thermal": self.thermal, "both": both}

    def with_missing(self) -> dict[str, Values]:
        """Return the features of both, as they are and with either modality missing, by name."""
        parts = map(torch.from_numpy, (self.rgb, self.thermal, self.blank))
        return {name: torch.hstack(f).numpy() for name, f in with_missing(*parts).items()}


class Benchmark(Base[Options]):
    """Trains on the split ``train`` and scores on all others (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        classes = pairs.classes()
        with fixed_threads(self.options.threads):
            features = self._features(inputs, pairs)
        with fixed_threads(1):  # small sums: more threads only wait for each other
            return self._scores(pairs, classes, features)

    def _features(self, inputs: Inputs, pairs: Pairs) -> PairFeatures:
        side, batch = self.options.image_px, self.options.batch
        encoder = load_encoder(inputs.model)
        check_size(encoder, side, side)
        pooled: list[Tensor] = []
        done = 0
        for batch_pairs, features in encode(encoder, pairs, (side, side), batch):
            pooled.append(self._pooled(features).unflatten(0, (-1, 2)))
            done += len(batch_pairs)
            inputs.progress(done, len(pairs.keys))
        both = torch.cat(pooled).numpy()
        blank = self._pooled(encode_blank(encoder, (side, side))).numpy()
        return PairFeatures(unit(both[:, 0]), unit(both[:, 1]), unit(blank))

    def _pooled(self, features: Features) -> Tensor:
        wants_class = self.options.pool == "class_token"
        return features.class_token if wants_class else features.tokens.mean(1)

    def _scores(self, pairs: Pairs, classes: Labels, features: PairFeatures) -> Scores:
        test, train = features.only(pairs.test), features.only(pairs.train)
        probes = self._fitted(train, classes[pairs.train])
        truth, hours = classes[pairs.test], pairs.hours[pairs.test]
        answers = {
            probe: {name: fitted[name](x) for name, x in test.by_modality().items()}
            for probe, fitted in probes.items()
        }
        correct = {
            probe: {name: guess == truth for name, guess in guesses.items()}
            for probe, guesses in answers.items()
        }
        retrieved = {
            "thermal_to_rgb": recall_at(test.thermal, test.rgb, RANKS),
            "rgb_to_thermal": recall_at(test.rgb, test.thermal, RANKS),
        }
        frequent = max(np.unique(truth, return_counts=True)[1]) / truth.size
        facts: dict[str, Any] = {
            "accuracy": _by_probe(correct, lambda hit: _shares(hit, hours)),
            "interval_95": _by_probe(correct, wilson),
            "class_mean_accuracy": _by_probe(correct, lambda hit: _class_mean(hit, truth)),
            "drop_of_both": _drops(probes, test, truth),
            "retrieval": {
                way: {f"recall_at_{rank}": float(hit.mean()) for rank, hit in hits.items()}
                for way, hits in retrieved.items()
            },
            "retrieval_chance": {f"recall_at_{r}": min(1.0, r / truth.size) for r in RANKS},
            "retrieval_gallery": int(truth.size),
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
                "thermal_to_rgb_recall_at_5": facts["retrieval"]["thermal_to_rgb"]["recall_at_5"],
            },
            facts=facts,
            predictions=_predictions(pairs.keys[pairs.test], answers),
            plots={
                "accuracy_by_hour.svg": plot_accuracy(correct, hours, frequent),
                "confusion.svg": plot_confusion(truth, answers["linear"]),
                "retrieval.jpg": plot_retrieval(pairs, test.thermal, test.rgb),
            },
        )

    def _fitted(self, train: PairFeatures, classes: Labels) -> dict[str, dict[str, Predict]]:
        """Fit the classifiers, by kind and modality."""
        features, k = train.by_modality(), self.options.k
        return {
            "linear": {name: fit_linear(x, classes, self.seed) for name, x in features.items()},
            "knn": {name: fit_neighbours(x, classes, k) for name, x in features.items()},
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


def _drops(
    probes: Mapping[str, Mapping[str, Predict]], test: PairFeatures, truth: Labels
) -> dict[str, dict[str, float]]:
    """Compute the drop in accuracy of the probes of both modalities when one is missing."""
    features = test.with_missing()
    drops = {}
    for probe, fitted in probes.items():
        shares = {name: float(np.mean(fitted["both"](x) == truth)) for name, x in features.items()}
        full = shares.pop("full")
        drops[probe] = {name: full - share for name, share in shares.items()}
    return drops


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
