"""What a benchmark provides: scores, pictures and predictions of one model on one dataset."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, SupportsFloat

from twinband.params.base import Params


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
        metrics: nested numbers, rounded, headlines first.
        predictions: by key of the test pair, the members of its sample in a shard; one of them
            is ``json``.
        plots: picture files by name, as bytes.
    """

    summary: str
    metrics: Mapping[str, Any]
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
