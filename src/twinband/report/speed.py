"""Reading of committed speed benchmarks: a table for each benchmark and machine."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinband.core.errors import InputError


@dataclass(frozen=True, slots=True)
class SpeedTable:
    """One run of one benchmark.

    Attributes:
        benchmark: its name, of ``benches/bench_NAME.py``.
        machine: processor and number of cores, as the file's name has them.
        columns: names of the figures.
        rows: what was measured, as it was written.
    """

    benchmark: str
    machine: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_speed(folder: Path, names: Sequence[str]) -> list[SpeedTable]:
    """Read the results ``NAME-MACHINE.csv`` of the named benchmarks, in that order.

    Raises:
        InputError: a benchmark has no result, or a file is no table.
    """
    tables = []
    for name in names:
        files = sorted(folder.glob(f"{name}-*.csv"))
        if not files:
            raise InputError(
                f"{folder} has no result of {name}: `python -m benches.bench_{name}` makes one"
            )
        tables += [_read(path) for path in files]
    return tables


def _read(path: Path) -> SpeedTable:
    name, _, machine = path.stem.partition("-")
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            head, *rows = list(csv.reader(stream, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} is no table ({error}): git checkout {path}") from None
    if not rows or any(len(row) != len(head) for row in rows):
        raise InputError(f"{path}: no rows, or not as long as the head: git checkout {path}")
    return SpeedTable(name, machine, tuple(head), tuple(map(tuple, rows)))
