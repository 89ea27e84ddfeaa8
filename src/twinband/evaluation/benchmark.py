"""What a benchmark provides: scores, pictures and predictions of one model on one dataset.

95 % intervals, so that people see which differences mean something.

The pairs of a dataset as benchmarks see them: on one grid, to train or to test on.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, SupportsFloat

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from twinband.core.errors import InputError
from twinband.core.params import Params
from twinband.shards.product import read_manifest
from twinband.shards.read import Dataset, open_products
from twinband.shards.registered import RegisteredPair, registered_pair


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a benchmark runs on.

    Attributes:
        pairs: the product ``pairs`` of a dataset.
        registered: the product ``registered`` of the same dataset.
        model: what is evaluated (see ``_encoders.load_encoder``).
        work: a folder of this evaluation's own, kept between tries.
        progress: is told how many pairs are done, and of how many.
    """

    pairs: Path
    registered: Path
    model: Path
    work: Path
    progress: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Scores:
    """The outcome of a benchmark.

    Attributes:
        summary: one line for people.
        headline: the numbers that models are compared by, at most eight.
        facts: nested numbers, rounded.
        predictions: by key of the test pair, the members of its sample in a shard; one of them
            is ``json``.
        plots: picture files by name, as bytes.
    """

    summary: str
    headline: Mapping[str, float]
    facts: Mapping[str, Any]
    predictions: Mapping[str, Mapping[str, bytes]]
    plots: Mapping[str, bytes] = field(default_factory=dict)


class Benchmark(ABC):
    """A benchmark with its own checked ``Options``."""

    Options: ClassVar[type[Params]]

    def __init__(self, options: Any, seed: int) -> None:
        self.options = options
        self.seed = seed

    @abstractmethod
    def run(self, inputs: Inputs) -> Scores:
        """Evaluate ``inputs.model`` on the dataset.

        Raises:
            InputError: the dataset lacks what the benchmark needs, or the model cannot be used.
        """


def json_member(value: Any) -> bytes:
    """A prediction as the member ``json``."""
    return json.dumps(value, sort_keys=True).encode()


def rounded(value: SupportsFloat) -> float:
    """A share with the four digits that metrics keep."""
    return round(float(value), 4)


RESAMPLES = 1000


def wilson(right: NDArray[np.bool_]) -> tuple[float, float]:
    """Wilson's interval of a share of right answers, each 0..1; at least one answer is needed."""
    interval = binomtest(int(right.sum()), right.size).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap(
    counts: NDArray[np.int64], score: Callable[[NDArray[np.int64]], NDArray[np.float64]], seed: int
) -> tuple[float, float]:
    """Percentile interval of a score of added counts, over resampled images.

    Args:
        counts: ``N,…``, of each image.
        score: of ``R,…`` sums over the images drawn, a value for each of the R resamples.
    """
    images = len(counts)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    low, high = np.nanpercentile(score(np.tensordot(drawn, counts, axes=1)), (2.5, 97.5))
    return float(low), float(high)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The registered pairs of a dataset, in order of key.

    Attributes:
        dataset: products ``pairs`` and ``registered``.
        name: of the dataset's folder, for messages.
        keys: of each pair.
        hours: of each pair, ``unknown`` where the dataset does not say.
        train: whether a pair may be trained on: it is of the split ``train``, and registration
            trusts it for that.
        test: whether it is tested on: all splits but ``train``.
    """

    dataset: Dataset
    name: str
    keys: NDArray[np.str_]
    hours: NDArray[np.str_]
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]

    def __getitem__(self, row: int) -> RegisteredPair:
        return registered_pair(self.dataset[row])

    def __iter__(self) -> Iterator[RegisteredPair]:
        return map(registered_pair, self.dataset)

    def pick(self, chosen: NDArray[np.bool_]) -> Iterator[RegisteredPair]:
        """The pairs for which ``chosen`` is true, one after another."""
        return (self[int(row)] for row in np.flatnonzero(chosen))

    def classes(self) -> NDArray[np.str_]:
        """The class of each pair, of a dataset of object crops.

        Raises:
            InputError: pairs without class, or too few to train and test on.
        """
        attributes = [dict(row) for row in self.dataset.column("pairs", "attributes").to_pylist()]
        if any("class" not in row for row in attributes):
            raise InputError(
                f"{self.name}: its pairs have no class; use a dataset of class folders"
            )
        classes = np.asarray([row["class"] for row in attributes], dtype=np.str_)
        if not self.test.any() or len(set(classes[self.train])) < 2:
            raise InputError(f"{self.name}: needs crops of two classes, to train and to test on")
        return classes

    def test_splits(self) -> str:
        """The names of the splits that are tested on."""
        splits = np.asarray(self.dataset.column("pairs", "split").to_pylist())
        return ", ".join(sorted(set(splits[self.test].tolist())))


def open_pairs(inputs: Inputs) -> Pairs:
    """Join the dataset's products; pairs that registration dropped are left out.

    Raises:
        InputError: the products do not fit together.
    """
    rows = read_manifest(inputs.registered, ["key", "status"]).to_pylist()
    kept = [row["key"] for row in rows if row["status"] == "ok"]
    products = {"pairs": inputs.pairs, "registered": inputs.registered}
    dataset = open_products(products, kept)

    def column(product: str, name: str) -> NDArray[Any]:
        return np.asarray(dataset.column(product, name).to_pylist())

    train = column("pairs", "split") == "train"
    hours = [hour or "unknown" for hour in dataset.column("pairs", "hour").to_pylist()]
    return Pairs(
        dataset=dataset,
        name=str(inputs.pairs),
        keys=np.asarray(dataset.keys, dtype=np.str_),
        hours=np.asarray(hours, dtype=np.str_),
        train=train & column("registered", "training").astype(np.bool_),
        test=~train,
    )


def by_hour(hours: NDArray[np.str_]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """``overall``, then each hour by name, with the rows that belong to it."""
    yield "overall", np.ones(len(hours), np.bool_)
    for hour in sorted(set(hours.tolist())):
        yield hour, hours == hour
