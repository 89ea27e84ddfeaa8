"""The loss curve: means over windows of steps, in a CSV that is the same after a killed run."""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinband.shards.write import write_atomically


class Window:
    """Means of the values of some steps. NaN = not measured in this step; ignored in the mean."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Add the values of a step."""
        for name, value in values.items():
            column = self._values.setdefault(name, [])
            if not math.isnan(value):
                column.append(value)

    def close(self) -> dict[str, float]:
        """Return the means so far, and empty the window."""
        means = {n: math.fsum(v) / len(v) if v else math.nan for n, v in self._values.items()}
        self._values = {}
        return means


class LossCurve:
    """Rows ``step, …`` of a CSV; ``step`` counts the steps done.

    Args:
        text: the curve so far, of the checkpoint from which the run goes on. What stands at
            ``path`` is not looked at: it may be cut, and the run will write what is missing.

    Attributes:
        text: the curve, as it stands at ``path``.
    """

    def __init__(self, path: Path, text: str = "") -> None:
        self._path = path
        self.text = text
        self.names = text.partition("\n")[0].split(",")[1:]
        write_atomically(path, text.encode())

    def append(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row.

        Raises:
            ValueError: a value has no column in the first row.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if not self.names:
            self.names = list(values)
            writer.writerow(["step", *self.names])
        if unknown := sorted(set(values).difference(self.names)):
            raise ValueError(f"{self._path} has no column for {', '.join(unknown)}")
        cells = [f"{values.get(name, math.nan):.9g}" for name in self.names]
        writer.writerow([step, *cells])
        with self._path.open("a") as stream:
            stream.write(out.getvalue())
        self.text += out.getvalue()

    def last(self) -> dict[str, float]:
        """Return the values of the last row."""
        rows = list(csv.DictReader(io.StringIO(self.text)))
        return {n: float(v) for n, v in rows[-1].items() if n != "step"} if rows else {}


def read_curve(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the columns of a loss curve."""
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
