"""Benchmark of frozen features across modalities: the RGB image of a thermal one, and back.

Every test pair is a query, its image of the other modality the only right answer, and the images of
all test pairs are the gallery. Of each sequence one pair counts (the first by key): frames of one
are near duplicates, and which of them is nearest says little. Each image is encoded by itself, so
that no feature knows its partner, and compared by cosine: as it is (``raw``), with the mean feature
of its modality over the training pairs subtracted (``centred``), which takes away what tells the
modalities apart at large, and, of models that predict images, in place of the query what they
predict from it (``predicted``, centred too).

The floor is chance; the trivial baselines are pixels of tiny grey images, the same with one
modality inverted, and histograms of gradients, which see that registered images lie on each other.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinband.core.errors import InputError
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
    OTHER,
    FrozenEncoder,
    Pool,
    fixed_threads,
    pooled,
)
from twinband.evaluation.model import load_model
from twinband.evaluation.probes import Values, unit
from twinband.evaluation.retrieval import (
    Ranks,
    edge_features,
    first_of_each,
    grey_images,
    nearest_of,
    partner_ranks,
    pixel_features,
    plot_recall,
    plot_retrieval,
)
from twinband.networks.vit import Features

RANKS = (1, 5, 10)
DIRECTIONS = {"thermal_to_rgb": "thermal", "rgb_to_thermal": "rgb"}  # the query's modality
BASELINES = ("pixels", "inverted_pixels", "edges")
Descriptors = dict[str, Values]  # N,D by name
Compared = tuple[Values, Values]  # N,D of queries and of the gallery


class Options(Params):
    """Options of features.

    Attributes:
        height_px: height that images are scaled to, of whole patches.
        width_px: width that images are scaled to.
        pool: feature of an image: its class token, or the mean of its patches' tokens.
        batch: pairs that go through the encoder together.
        threads: threads of PyTorch; features differ between one thread and two.
    """

    height_px: Annotated[int, Field(ge=8, le=4096)]
    width_px: Annotated[int, Field(ge=8, le=4096)]
    pool: Pool
    batch: Annotated[int, Field(ge=1)] = 16
    threads: Annotated[int, Field(ge=1)] = 1


class Benchmark(Base[Options]):
    """Retrieves among the pairs of all splits but ``train`` (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        gallery = _gallery(pairs)
        with fixed_threads(self.options.threads):
            size = self.options.height_px, self.options.width_px
            encoder = FrozenEncoder(load_model(inputs.model), size)
            means = _mean(self._described(encoder, pairs, pairs.train, inputs, frozenset()))
            test = _joined(self._described(encoder, pairs, gallery, inputs, encoder.predicts))
        with fixed_threads(1):  # small sums: more threads only wait for each other
            compared = {
                direction: {**_compared(test, means, direction), **baselines}
                for direction, baselines in _baselines(pairs, gallery).items()
            }
            return self._scores(pairs, gallery, compared)

    def _described(
        self,
        encoder: FrozenEncoder,
        pairs: Pairs,
        chosen: NDArray[np.bool_],
        inputs: Inputs,
        predicted: Container[str],
    ) -> Iterator[Descriptors]:
        """Describe the images of the chosen pairs, some after the other, each by itself: by
        ``rgb``, ``thermal``, and ``predicted_rgb``, ``predicted_thermal`` of those predicted."""
        done, total = 0, int(chosen.sum())
        for encoded in encoder.batches(pairs.select(chosen), self.options.batch):
            found: Descriptors = {}
            for modality in OTHER:
                found |= self._descriptors(modality, encoded.alone(modality))
                if modality in predicted:
                    features = encoder.single(encoded.predicted(modality), modality)
                    found |= self._descriptors(f"predicted_{modality}", features)
            yield found
            done += len(encoded.pairs)
            inputs.progress(done, total)

    def _descriptors(self, name: str, features: Features) -> Descriptors:
        vectors: Values = pooled(features, self.options.pool).numpy()
        return {name: unit(vectors), f"{name}_patches": features.tokens.flatten(1).numpy()}

    def _scores(
        self,
        pairs: Pairs,
        gallery: NDArray[np.bool_],
        compared: Mapping[str, Mapping[str, Compared]],
    ) -> Scores:
        ranks = {
            direction: {name: partner_ranks(*sides) for name, sides in by_name.items()}
            for direction, by_name in compared.items()
        }
        recall = _each(ranks, lambda found, rank: float((found <= rank).mean()))
        interval = _each(ranks, lambda found, rank: wilson(found <= rank))
        keys, hours = pairs.keys[gallery], pairs.hours[gallery]
        chance = {f"recall_at_{rank}": min(1.0, rank / len(keys)) for rank in RANKS}
        shown = "thermal_to_rgb"
        return Scores(
            summary=_summary(recall, len(keys)),
            headline=_headline(recall),
            facts={
                "recall": recall,
                "interval_95": interval,
                "median_rank": {
                    direction: {name: float(np.median(found)) for name, found in by_name.items()}
                    for direction, by_name in ranks.items()
                },
                "recall_at_1_by_hour": {
                    direction: {
                        name: {
                            hour: float((found[rows] == 1).mean()) for hour, rows in by_hour(hours)
                        }
                        for name, found in by_name.items()
                    }
                    for direction, by_name in ranks.items()
                },
                "chance": chance,
                "gallery": len(keys),
                "left_out_of_test": int(pairs.test.sum()) - len(keys),
                "train_pairs": int(pairs.train.sum()),
                "test_splits": pairs.test_splits(),
            },
            predictions=_predictions(keys, compared, ranks),
            plots={
                "recall.svg": plot_recall(recall[shown], interval[shown]),
                "retrieval.jpg": plot_retrieval(
                    pairs, np.flatnonzero(gallery), compared[shown]["centred"]
                ),
            },
        )


def _gallery(pairs: Pairs) -> NDArray[np.bool_]:
    """Choose the first test pair of each sequence, of those that have a thermal image.

    Raises:
        InputError: there are fewer than two, or no pairs to train on.
    """
    present = np.asarray(pairs.dataset.column("registered", "thermal_present").to_pylist())
    groups = np.asarray(pairs.dataset.column("pairs", "group").to_pylist(), dtype=np.str_)
    rows = np.flatnonzero(pairs.test & present)
    gallery = np.zeros(len(pairs.keys), np.bool_)
    gallery[rows[first_of_each(groups[rows])]] = True
    if gallery.sum() < 2 or not pairs.train.any():
        raise InputError(
            f"{pairs.name}: needs two test pairs of different sequences with thermal images, and "
            "pairs to train on"
        )
    return gallery


def _mean(parts: Iterable[Descriptors]) -> Descriptors:
    """Average descriptors over all images: ``D`` by name."""
    sums: Descriptors = {}
    count = 0
    for part in parts:
        sums = {name: sums.get(name, 0) + values.sum(0) for name, values in part.items()}
        count += len(part["rgb"])
    return {name: total / np.float32(count) for name, total in sums.items()}


def _joined(parts: Iterable[Descriptors]) -> Descriptors:
    every = list(parts)
    return {name: np.concatenate([part[name] for part in every]) for name in every[0]}


def _compared(test: Descriptors, means: Descriptors, direction: str) -> dict[str, Compared]:
    """Lay out the model's descriptors of queries and gallery by how they are compared."""
    query = DIRECTIONS[direction]
    answer = OTHER[query]
    compared = {"raw": (test[query], test[answer])}
    for name, shown, of in (("", query, query), ("predicted", f"predicted_{answer}", answer)):
        for kind in ("", "_patches"):
            if shown in test:
                key = f"{name}{kind}".removeprefix("_") or "centred"
                compared[key] = (
                    test[f"{shown}{kind}"] - means[f"{of}{kind}"],
                    test[f"{answer}{kind}"] - means[f"{answer}{kind}"],
                )
    return compared


def _baselines(pairs: Pairs, gallery: NDArray[np.bool_]) -> dict[str, dict[str, Compared]]:
    """Describe queries and gallery by what needs no model, by direction."""
    grey = [grey_images(pair) for pair in pairs.select(gallery)]
    pixels, edges = (
        {name: np.stack([describe(images[name]) for images in grey]) for name in OTHER}
        for describe in (pixel_features, edge_features)
    )
    return {
        direction: {
            "pixels": (pixels[query], pixels[OTHER[query]]),
            "inverted_pixels": (-pixels[query], pixels[OTHER[query]]),
            "edges": (edges[query], edges[OTHER[query]]),
        }
        for direction, query in DIRECTIONS.items()
    }


def _each(
    ranks: Mapping[str, Mapping[str, Ranks]], score: Callable[[Ranks, int], Any]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Score ranks by direction and way of comparing, at each of ``RANKS``."""
    return {
        direction: {
            name: {f"recall_at_{rank}": score(found, rank) for rank in RANKS}
            for name, found in by_name.items()
        }
        for direction, by_name in ranks.items()
    }


def _predictions(
    keys: NDArray[np.str_],
    compared: Mapping[str, Mapping[str, Compared]],
    ranks: Mapping[str, Mapping[str, Ranks]],
) -> dict[str, dict[str, bytes]]:
    """Tell for each pair what was found first, and the rank of its partner, by centred features."""
    nearest = {name: keys[nearest_of(*by["centred"])] for name, by in compared.items()}
    return {
        str(key): {
            "json": json_member(
                {
                    direction: {
                        "nearest": str(nearest[direction][row]),
                        "rank": int(ranks[direction]["centred"][row]),
                    }
                    for direction in DIRECTIONS
                }
            )
        }
        for row, key in enumerate(keys)
    }


def _headline(recall: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """Choose eight numbers at most."""
    found, back = (recall[direction] for direction in DIRECTIONS)
    first = {f"thermal_to_rgb_{name}": share for name, share in found["centred"].items()}
    second = {
        f"rgb_to_thermal_{name}": back["centred"][name] for name in ("recall_at_1", "recall_at_5")
    }
    others = {
        f"{name}_recall_at_1": found[name]["recall_at_1"]
        for name in ("patches", "edges", "predicted_patches")
        if name in found
    }
    return {**first, **second, **others}


def _summary(recall: Mapping[str, Mapping[str, Mapping[str, float]]], gallery: int) -> str:
    found = {name: shares["recall_at_1"] for name, shares in recall["thermal_to_rgb"].items()}
    edges = found["edges"]
    best = max(share for name, share in found.items() if name not in BASELINES)
    return (
        f"R@1 of the RGB image of a thermal one among {gallery}: pooled {found['centred']:.3f}, "
        f"patches {found['patches']:.3f} (chance {1 / gallery:.3f}, edges {edges:.3f}"
        f"{'' if best > edges else ': no feature beats them'})"
    )
