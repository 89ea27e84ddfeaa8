"""Scores as a table for people and as flat JSON objects."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twinband.scoring.anchors import Row, comparable
from twinband.scoring.score import Score


def as_json(task: str, name: str, score: Score) -> dict[str, Any]:
    """Make one flat object of a score: its numbers, null for NaN, then all else.

    Args:
        name: of the predictions.
    """
    return {
        **_numbers(score.values),
        **({"definition": score.protocol["definition"]} if "definition" in score.protocol else {}),
        "predictions": name,
        "protocol": dict(score.protocol),
        "slices": {part: _numbers(values) for part, values in score.slices.items()},
        "remarks": list(score.remarks),
        "published": [asdict(row) for row in comparable(task, score)],
    }


def as_table(task: str, scores: Mapping[str, Score]) -> RenderableType:
    """Lay out predictions, their slices and published scores as the rows of one table."""
    first = next(iter(scores.values()))
    columns = list(first.values)
    table = Table(title=task, title_justify="left")
    table.add_column("predictions", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("source", overflow="fold")
    for name, score in scores.items():
        table.add_row(name, *_cells(score.values, columns), "this command", style="bold")
        for part, values in score.slices.items():
            table.add_row(f"  {part}", *_cells(values, columns), "")
    table.add_section()
    rows = comparable(task, first)
    for row in rows:
        name = row.name if row.comparable else f"{row.name} *"
        style = "" if row.comparable else "dim"
        table.add_row(name, *_cells(row.values, columns), row.source, style=style)
    return Group(table, *_notes(rows, scores))


def _notes(rows: Sequence[Row], scores: Mapping[str, Score]) -> list[Text]:
    lines = [f"* not comparable: {row.name}: {row.why}" for row in rows if not row.comparable]
    protocols = {name: dict(score.protocol) for name, score in scores.items()}
    first = next(iter(protocols.values()))
    lines += [f"{key}: {value}" for key, value in first.items()]
    for name, protocol in protocols.items():
        lines += [
            f"{name}: {key}: {value}" for key, value in protocol.items() if first[key] != value
        ]
    lines += [f"{name}: {remark}" for name, score in scores.items() for remark in score.remarks]
    return [Text(line) for line in lines]


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else float(value) for name, value in values.items()}


def _cells(values: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    known = [values.get(column, math.nan) for column in columns]
    return ["–" if math.isnan(value) else f"{value:.4g}" for value in known]
