"""Framework of the benchmarks: base class, inputs, scores, 95 % intervals.

A benchmark evaluates one model on the registered pairs of one dataset.
"""

import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from twinband.core.errors import InputError
from twinband.core.params import Option, Params, ParamsError, validate
from twinband.shards.product import read_manifest
from twinband.shards.read import Dataset, open_products
from twinband.shards.registered import RegisteredPair, registered_pair

BENCHMARKS = "twinband.benchmarks"
RESAMPLES = 1000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of a benchmark.

    Attributes:
        pairs: the product ``pairs`` of a dataset.
        registered: the product ``registered`` of the same dataset.
        model: path of the evaluated model (see ``model.load_model``).
        work: folder for this evaluation alone, kept between tries.
        progress: called with the pairs done and their total.
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
        facts: all numbers, nested, with a few texts.
        predictions: by key of the test pair, the members of its sample in a shard; one of them
            is ``json``.
        plots: picture files by name, as bytes.
    """

    summary: str
    headline: Mapping[str, float]
    facts: Mapping[str, Any]
    predictions: Mapping[str, Mapping[str, bytes]]
    plots: Mapping[str, bytes] = field(default_factory=dict)


OptionsModel = TypeVar("OptionsModel", bound=Params)


class Benchmark(ABC, Generic[OptionsModel]):
    """A benchmark with its own checked ``Options``.

    Args:
        seed: seed of all its random numbers.
    """

    Options: ClassVar[type[Params]]

    def __init__(self, options: OptionsModel, seed: int) -> None:
        self.options = options
        self.seed = seed

    @abstractmethod
    def run(self, inputs: Inputs) -> Scores:
        """Evaluate ``inputs.model`` on the dataset.

        Raises:
            InputError: the dataset lacks what the benchmark needs, or the model cannot be used.
        """


def open_benchmark(
    name: str, options: Mapping[str, Option], seed: int, where: str
) -> Benchmark[Any]:
    """Open the benchmark of the module ``twinband.benchmarks.NAME``.

    Args:
        where: place of the item in params.yaml, for errors.

    Raises:
        ParamsError: there is no such benchmark, or it does not have these options.
    """
    module = f"{BENCHMARKS}.{name}"
    try:
        benchmark: type[Benchmark[Any]] = importlib.import_module(module).Benchmark
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ParamsError([f"{where}.benchmark: there is no {module}"]) from None
    return benchmark(validate(benchmark.Options, dict(options), f"{where}.options"), seed)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The registered pairs of a dataset, in order of key.

    Attributes:
        dataset: products ``pairs`` and ``registered``.
        name: folder of the dataset, for messages.
        keys: key of each pair.
        hours: hour of each pair, ``unknown`` where the dataset does not say.
        train: pairs to train on: those of the split ``train`` whose registration is trusted for it.
        test: pairs to test on: those of all other splits.
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

    def select(self, mask: NDArray[np.bool_]) -> Iterator[RegisteredPair]:
        """Iterate over the pairs for which ``mask`` is true."""
        return (self[int(row)] for row in np.flatnonzero(mask))

    def classes(self) -> NDArray[np.str_]:
        """Read the class of each pair, for a dataset of object crops.

        Raises:
            InputError: pairs have no class, or are too few to train and test on.
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
        """List the names of the splits that are tested on."""
        splits = np.asarray(self.dataset.column("pairs", "split").to_pylist())
        return ", ".join(sorted(set(splits[self.test].tolist())))


def open_pairs(inputs: Inputs) -> Pairs:
    """Join the dataset's products, without the pairs that registration dropped.

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
    """Yield ``overall`` and then each hour, with a mask of the rows that belong to it."""
    yield "overall", np.ones(len(hours), np.bool_)
    for hour in sorted(set(hours.tolist())):
        yield hour, hours == hour


def wilson(right: NDArray[np.bool_]) -> tuple[float, float]:
    """Compute Wilson's 95 % interval of the share of right answers; needs one answer or more."""
    interval = binomtest(int(right.sum()), right.size).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap(
    counts: NDArray[Any], score: Callable[[NDArray[Any]], NDArray[np.float64]], seed: int
) -> tuple[float, float]:
    """Compute the 95 % bootstrap interval of a score of added counts or errors, over resampled
    images.

    Args:
        counts: ``N,…``, those of N images.
        score: maps ``R,…``, the counts added over the images of R resamples, to ``R`` scores.
    """
    images = len(counts)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(images, np.full(images, 1 / images), size=RESAMPLES)
    low, high = np.nanpercentile(score(np.tensordot(drawn, counts, axes=1)), (2.5, 97.5))
    return float(low), float(high)


def json_member(value: Any) -> bytes:
    """Encode a prediction as the member ``json``."""
    return json.dumps(value, sort_keys=True).encode()
