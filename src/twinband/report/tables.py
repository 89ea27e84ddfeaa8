"""Tables of nested numbers, whatever they measure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinband.drawing import count, in_reading_order


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of a cell, and its share of 1 where that is worth a bar."""

    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A matrix with row and column heads; a mere list of values has one column without a name."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def tables_of(facts: Mapping[str, Any], caption: str = "") -> list[Table]:
    """Lay out a dict of numbers, texts, lists and further dicts, to any depth.

    A dict of dicts with keys in common is a matrix; single values come last, in one list.

    Args:
        caption: names the way to ``facts`` from the outermost dict.
    """
    nested = {key: inner for key, value in facts.items() if (inner := _as_mapping(value))}
    single = {
        key: value
        for key, value in facts.items()
        if key not in nested and not (isinstance(value, Mapping | list) and not value)
    }
    flat = {key: value for key, value in nested.items() if _is_flat(value)}
    shared = set.intersection(*(set(value) for value in flat.values())) if flat else set()
    tables = [_matrix(flat, caption)] if shared else []
    for key in in_reading_order(nested):
        if key not in flat or not shared:
            tables += tables_of(nested[key], f"{caption} · {key}" if caption else key)
    return [*tables, _listed(single, caption)] if single else tables


def headlines(metrics: Mapping[str, float]) -> list[tuple[str, Cell]]:
    """Lay out headline numbers, each with the decimals and the bar that it needs."""
    return [(name, _cells([metrics[name]])[0]) for name in in_reading_order(metrics)]


def _as_mapping(value: Any) -> Mapping[str, Any] | None:
    """Turn lists of dicts or lists, and the lists in them, into dicts by position."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        return {
            str(number): dict(zip(map(str, range(len(item))), item, strict=True))
            if isinstance(item, list)
            else item
            for number, item in enumerate(value)
        }
    return None


def _is_flat(facts: Mapping[str, Any]) -> bool:
    return all(_as_mapping(value) is None for value in facts.values())


def _matrix(facts: Mapping[str, Mapping[str, Any]], caption: str) -> Table:
    rows = in_reading_order(facts)
    columns = in_reading_order(dict.fromkeys(key for row in rows for key in facts[row]))
    cells = iter(_cells([facts[row].get(column) for row in rows for column in columns]))
    return Table(
        caption, tuple(columns), tuple((row, tuple(next(cells) for _ in columns)) for row in rows)
    )


def _listed(facts: Mapping[str, Any], caption: str) -> Table:
    rows = in_reading_order(facts)
    cells = _cells([facts[row] for row in rows])
    plain = [Cell(cell.text) for cell in cells]  # unlike things: bars would compare them
    return Table(
        caption, ("",), tuple((row, (cell,)) for row, cell in zip(rows, plain, strict=True))
    )


def _cells(values: Sequence[Any]) -> list[Cell]:
    """Fill cells with decimals in common, and with bars if all numbers are fractions of 1."""
    floats = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    integers = any(isinstance(v, int) and not isinstance(v, bool) for v in values)
    bars = bool(floats) and not integers and all(0 <= v <= 1 for v in floats)
    decimals = 3 if all(abs(v) < 10 for v in floats) else 2
    return [
        Cell(_text(v, decimals), v if bars and isinstance(v, float) and math.isfinite(v) else None)
        for v in values
    ]


def _text(value: Any, decimals: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return "not a number" if math.isnan(value) else f"{value}"
        hidden = value and abs(value) < 0.5 * 10**-decimals
        return f"{value:.2g}" if hidden else f"{value:.{decimals}f}"
    if isinstance(value, list):
        return ", ".join(_text(item, decimals) for item in value)
    return str(value)
