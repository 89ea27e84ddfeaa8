"""Supplied calibration: homographies from a committed CSV."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from twinband.errors import InputError
from twinband.registration.api import Registration
from twinband.registration.backends._base import Sample
from twinband.registration.measure import supplied
from twinband.registration.similarity import Matrix

ENTRIES = [f"h{row}{column}" for row in range(3) for column in range(3)]
WHOLE_DATASET = "*"


class Calibration:
    """A backend that knows what was supplied, and can tell nothing else."""

    def __init__(self, matrices: Mapping[str, Matrix]) -> None:
        self.matrices = matrices

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        """By the pair's own name, else its sequence's, else the rig's (``*``)."""
        [sample] = samples
        for name in (sample.name, sample.group, WHOLE_DATASET):
            if name in self.matrices:
                return supplied(sample.rgb, sample.thermal, self.matrices[name])
        return None


def read_homographies(path: Path) -> dict[str, Matrix]:
    """Homographies by name from a CSV with the columns ``name`` and ``h00`` to ``h22``.

    They map thermal pixels to RGB pixels, pixel centres at integers; a name is that of a pair, of
    a sequence, or ``*``. Other columns are not looked at.

    Raises:
        InputError: a column is missing, a name stands twice, or a matrix has no inverse.
    """
    found: dict[str, Matrix] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if missing := {"name", *ENTRIES}.difference(reader.fieldnames or ()):
                raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
            for row in reader:
                where, name = f"{path}, line {reader.line_num}", row["name"]
                if name in found:
                    raise InputError(f"{where}: {name!r} stands there twice")
                found[name] = _matrix(row, where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return found


def _matrix(row: Mapping[str, str], where: str) -> Matrix:
    try:
        matrix = np.array([float(row[entry]) for entry in ENTRIES]).reshape(3, 3)
    except (TypeError, ValueError):
        raise InputError(f"{where}: h00 to h22 must be nine numbers") from None
    if not np.isfinite(matrix).all() or abs(matrix[2, 2]) < 1e-9:
        raise InputError(f"{where}: h00 to h22 must be finite, and h22 not 0")
    matrix = matrix / matrix[2, 2]
    if abs(np.linalg.det(matrix)) < 1e-6:
        raise InputError(f"{where}: this matrix has no inverse")
    return matrix
