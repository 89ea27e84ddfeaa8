"""Committed results of experiment sets: arms by seeds, as flows/compare.py gathered them."""

import csv
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from scipy.stats import t

from twinband.core.errors import MALFORMED, InputError
from twinband.report.read import parse_json, present
from twinband.report.recipes import current_arms

ORIGIN = ("arm", "seed", "commit", "processor", "code")  # columns that are no metrics
LEVEL, POWER = 0.05, 0.8  # of the test that a smallest detectable difference is meant for


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation over seeds; nan for the latter if there is one seed."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class ExperimentSet:
    """Results of one set, for a table.

    Attributes:
        name: of the set.
        description: the question that it asks.
        seeds: how many each arm ran with.
        metrics: their names, without the file's when all are of one file.
        arms: for each arm the spread of every metric.
        older: for each arm the runs that other code or parameters made than those of this tree.
        processors: that the runs were made on, as far as known.
        detectable: for each metric the smallest difference of two arms that a two-sided t test
            at 5 % finds with a chance of 80 %; nan if there is one seed.
        told_apart: for each metric the pairs of arms, the lower first, whose means differ by a
            two-sided t test at 5 % over all pairs together (Bonferroni).
    """

    name: str
    description: str
    seeds: int
    metrics: tuple[str, ...]
    arms: dict[str, tuple[Spread, ...]]
    older: dict[str, int]
    processors: tuple[str, ...]
    detectable: tuple[float, ...]
    told_apart: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def some_older(self) -> bool:
        """True if an arm has such runs."""
        return any(self.older.values())


def read_experiments(
    name: str, folder: Path, tree: Path, params: Mapping[str, Any]
) -> ExperimentSet:
    """Read ``folder/NAME.yaml`` and ``folder/results/NAME.csv``.

    Args:
        tree: root of the project, whose code the results are compared with.
        params: the tree's parameters.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    described = folder / f"{name}.yaml"
    results = folder / "results" / f"{name}.csv"
    if not results.is_file():
        raise InputError(f"{results} does not exist: `python -m flows.compare {described}`")
    set_of_arms = _read_set(present(described, "report"))
    try:
        with results.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        values = _by_arm(rows)
    except (OSError, csv.Error, *MALFORMED) as error:
        raise InputError(
            f"{results}: no table of arm, seed and metrics ({error!r}); "
            f"`python -m flows.compare {described}` makes it anew"
        ) from None
    names = [column for column in rows[0] if column not in ORIGIN]
    recipes = folder / "results" / f"{name}.recipes.json"
    try:
        known = parse_json(recipes.read_bytes()) if recipes.is_file() else {}
        current = current_arms(known, set_of_arms, tree, params)
    except (OSError, *MALFORMED) as error:
        raise InputError(
            f"{recipes} or {described} is not what it should be ({error!r}); "
            f"`git checkout -- {folder}` brings them back"
        ) from None
    return ExperimentSet(
        name=name,
        description=str(set_of_arms.get("description", "")),
        seeds=min(len(runs) for runs in values.values()),
        metrics=_short(names),
        arms={
            arm: tuple(_spread([run[column] for run in runs]) for column in names)
            for arm, runs in values.items()
        },
        older={
            arm: sum(row["arm"] == arm and (row.get("code"), arm) not in current for row in rows)
            for arm in values
        },
        processors=tuple(sorted({row.get("processor") or "" for row in rows} - {""})),
        detectable=tuple(
            _detectable([[run[column] for run in runs] for runs in values.values()])
            for column in names
        ),
        told_apart=tuple(
            _told_apart({arm: [run[column] for run in runs] for arm, runs in values.items()})
            for column in names
        ),
    )


def _read_set(path: Path) -> Mapping[str, Any]:
    """Read ``SET.yaml`` by the rules by which DVC reads parameters (YAML 1.2)."""
    try:
        content = YAML(typ="safe", pure=True).load(path)
    except (YAMLError, OSError, *MALFORMED) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, Mapping):
        raise InputError(f"{path} is no set of experiments: it is no mapping")
    return content


def _by_arm(rows: Sequence[Mapping[str, str]]) -> dict[str, list[dict[str, float]]]:
    runs: dict[str, list[dict[str, float]]] = defaultdict(list)
    for row in rows:
        numbers = {name: float(value) for name, value in row.items() if name not in ORIGIN}
        if not all(map(math.isfinite, numbers.values())):
            raise ValueError(f"{row['arm']} has no finite number of each metric")
        runs[row["arm"]].append(numbers)
    if not runs:
        raise ValueError("no rows")
    return dict(runs)


def _short(names: Sequence[str]) -> tuple[str, ...]:
    """Shorten names of metrics: no folders, nothing that all begin with, no ``overall``."""
    split = [name.partition(":") for name in names]
    parts = [[Path(file).stem, *_keys(key)] for file, _, key in split]
    common = 0
    while len(names) > 1 and len({tuple(part[: common + 1]) for part in parts}) == 1:
        common += 1
    return tuple(" ".join(part[common:]) for part in parts)


def _keys(path: str) -> list[str]:
    keys = path.split(".")
    return keys[:-1] if len(keys) > 1 and keys[-1] == "overall" else keys


def _spread(values: Sequence[float]) -> Spread:
    deviation = statistics.stdev(values) if len(values) > 1 else math.nan
    return Spread(statistics.fmean(values), deviation)


def _detectable(arms: Sequence[Sequence[float]]) -> float:
    """From the deviation within arms and the smallest number of seeds."""
    deviation, freedom = _pooled(arms)
    if freedom < 1:
        return math.nan
    reach = t.ppf(1 - LEVEL / 2, freedom) + t.ppf(POWER, freedom)
    return float(reach * deviation * math.sqrt(2 / min(len(values) for values in arms)))


def _told_apart(arms: Mapping[str, Sequence[float]]) -> tuple[tuple[str, str], ...]:
    deviation, freedom = _pooled(list(arms.values()))
    pairs = list(combinations(sorted(arms, key=lambda arm: statistics.fmean(arms[arm])), 2))
    if freedom < 1 or not pairs:
        return ()
    reach = t.ppf(1 - LEVEL / 2 / len(pairs), freedom) * deviation

    def differ(low: str, high: str) -> bool:
        gap = statistics.fmean(arms[high]) - statistics.fmean(arms[low])
        return bool(gap > reach * math.sqrt(1 / len(arms[low]) + 1 / len(arms[high])))

    return tuple(pair for pair in pairs if differ(*pair))


def _pooled(arms: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Standard deviation within arms, and its degrees of freedom; nan if there are none."""
    freedom = sum(len(values) - 1 for values in arms)
    squares = sum((len(v) - 1) * statistics.variance(v) for v in arms if len(v) > 1)
    return (math.sqrt(squares / freedom) if freedom else math.nan), freedom
