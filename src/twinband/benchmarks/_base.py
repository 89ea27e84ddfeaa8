"""What a benchmark provides: scores, pictures and predictions of one model on one dataset."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from twinband.params.base import Params


@dataclass(frozen=True, slots=True)
class Scores:
    """The outcome of a benchmark.

    Attributes:
        summary: one line for people.
        metrics: nested numbers, rounded, headlines first.
        predictions: by key of the test pair, anything that JSON can hold.
        plots: picture files by name, as bytes.
    """

    summary: str
    metrics: Mapping[str, Any]
    predictions: Mapping[str, Any]
    plots: Mapping[str, bytes] = field(default_factory=dict)


class Benchmark(ABC):
    """A benchmark with its own checked ``Options``."""

    Options: ClassVar[type[Params]]

    def __init__(self, options: Any, seed: int) -> None:
        self.options = options
        self.seed = seed

    @abstractmethod
    def run(self, pairs: Path) -> Scores:
        """Evaluate on the product ``pairs`` below this folder.

        Raises:
            InputError: the dataset lacks what the benchmark needs.
        """
