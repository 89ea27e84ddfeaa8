"""Scores as a table for people and as flat JSON objects."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
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
        "published": [
            {**asdict(row), "values": _numbers(row.values)} for row in comparable(task, score)
        ],
    }


def as_table(task: str, scores: Mapping[str, Score]) -> RenderableType:
    """Lay out predictions and published scores as the rows of one table, slices below it."""
    first = next(iter(scores.values()))
    columns = list(first.values)
    short = _short_names(list(scores))
    table = _table(task, columns)
    for name, score in scores.items():
        table.add_row(short[name], *_cells(score.values, columns), style="bold")
    table.add_section()
    rows = comparable(task, first)
    for row in rows:
        cells = _cells(row.values, columns)
        if row.comparable:
            table.add_row(f"{row.name} (published)", *cells)
        else:
            table.add_row(f"{row.name} (not comparable)", *cells, style="dim")
    slices = [_slices(short[name], score) for name, score in scores.items() if score.slices]
    return Group(table, *slices, *_notes(rows, scores))


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold", min_width=8)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _slices(name: str, score: Score) -> Table:
    columns = list(dict.fromkeys(key for values in score.slices.values() for key in values))
    table = _table(name, columns)
    for part, values in score.slices.items():
        table.add_row(part, *_cells(values, columns))
    return table


def _notes(rows: Sequence[Row], scores: Mapping[str, Score]) -> list[Text]:
    lines = [f"{row.name}: published in {row.source}" for row in rows if row.comparable]
    lines += [
        f"{row.name}: published in {row.source}; not comparable: {row.why}"
        for row in rows
        if not row.comparable
    ]
    protocols = {name: score.protocol for name, score in scores.items()}
    first = next(iter(protocols.values()))
    lines += [f"{key}: {value}" for key, value in first.items()]
    for name, protocol in protocols.items():
        lines += [
            f"{name}: {key}: {value}" for key, value in protocol.items() if first.get(key) != value
        ]
    lines += [f"{name}: {remark}" for name, score in scores.items() for remark in score.remarks]
    return [Text(line) for line in lines]


def _short_names(paths: Sequence[str]) -> dict[str, str]:
    """Name paths by their last parts, or wholly where these are not distinct."""
    last = [Path(path).name for path in paths]
    return dict(zip(paths, last if len(set(last)) == len(last) else paths, strict=True))


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else float(value) for name, value in values.items()}


def _cells(values: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    known = [values.get(column, math.nan) for column in columns]
    return ["–" if math.isnan(value) else f"{round(value, 4):.5g}" for value in known]
