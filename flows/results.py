"""Committed results of an experiment set: a table, and the recipes that its rows were made by.

``SET.csv`` has a row for each arm and seed, ``SET.recipes.json`` what decided them, by the
fingerprint in the rows' column ``code``.
"""

import csv
import io
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.experiment_set import ExperimentSetError
from flows.provenance import Recipe

Row = dict[str, Any]
COLUMNS = ("arm", "seed", "commit", "processor", "code")


class Results:
    """The table of a set, written anew with each row that is added.

    Rows of another recipe stay until their arm and seed have run again; rows of arms and seeds
    that the set no longer has are dropped.

    Args:
        folder: holds the files.
        name: of the set.
        recipe: today's.
        experiments: arm and seed of each row that the set asks for.
        metrics: columns after ``COLUMNS``.

    Raises:
        ExperimentSetError: a file of an earlier run is damaged.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        recipe: Recipe,
        experiments: Collection[tuple[str, int]],
        metrics: Sequence[str],
    ) -> None:
        self._table = folder / f"{name}.csv"
        self._recipes = folder / f"{name}.recipes.json"
        self._recipe = recipe
        self._columns = (*COLUMNS, *metrics)
        try:
            recipes = json.loads(self._recipes.read_text()) if self._recipes.is_file() else {}
            of_today = recipes.get(recipe.code, {}).get("arms", {})
            edited = {arm for arm, changes in recipe.arms.items() if of_today.get(arm) != changes}
            read = {(row["arm"], int(row["seed"])): row for row in self._read()}
        except (ValueError, AttributeError, csv.Error) as error:
            raise ExperimentSetError(
                f"{self._table} or {self._recipes} is damaged ({error}): "
                f"git checkout -- {folder} brings back what was committed"
            ) from None
        self._rows: dict[tuple[str, int], Row] = {}
        for key, row in read.items():
            stale = row["code"] == recipe.code and row["arm"] in edited
            if key in experiments and not stale and all(row[metric] for metric in metrics):
                self._rows[key] = row
        self._known = {**recipes, recipe.code: asdict(recipe)}

    def has(self, arm: str, seed: int) -> bool:
        """Tell whether there is a row of today's recipe."""
        row = self._rows.get((arm, seed))
        return row is not None and row["code"] == self._recipe.code

    def add(self, row: Row) -> None:
        """Take in a row, of today's recipe, and write the files."""
        self._rows[row["arm"], int(row["seed"])] = {**row, "code": self._recipe.code}
        used = {row["code"] for row in self._rows.values()}
        recipes = {code: self._known[code] for code in sorted(used & set(self._known))}
        self._table.parent.mkdir(parents=True, exist_ok=True)
        _write(self._recipes, json.dumps(recipes, indent=1, sort_keys=True) + "\n")
        rows = [self._rows[key] for key in sorted(self._rows)]
        _write(self._table, to_csv(rows, self._columns))

    def rows(self) -> list[Row]:
        """Rows of today's recipe, by arm and seed."""
        return [self._rows[key] for key in sorted(self._rows) if self.has(*key)]

    def _read(self) -> list[dict[str, str]]:
        if not self._table.is_file():
            return []
        with self._table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [{name: row.get(name) or "" for name in self._columns} for row in rows]


def _write(path: Path, text: str) -> None:
    """Replace a file at once: rows of days of experiments stand in it."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def to_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Rows as CSV, the same bytes on every system."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
