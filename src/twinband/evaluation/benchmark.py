"""The pairs of a dataset as benchmarks see them: on one grid, to train or to test on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.benchmarks._base import Inputs
from twinband.errors import InputError
from twinband.registration.view import RegisteredPair, registered_pair
from twinband.shards.join import Dataset, open_products
from twinband.shards.manifest import read_manifest


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
