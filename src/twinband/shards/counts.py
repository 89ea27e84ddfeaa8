"""How often each value of a manifest's column occurs, as numbers and as lines of a card."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa


def count_values(column: pa.ChunkedArray, unnamed: str = "") -> dict[str, int]:
    """Counts of a text column by value, in order of value.

    Args:
        unnamed: what empty values and nulls count as; without it they do not count.
    """
    named = (value or unnamed for value in column.to_pylist())
    return dict(sorted(Counter(value for value in named if value).items()))


def card_lines(what: str, counts: Mapping[str, int]) -> list[str]:
    """Rows of a Markdown table with two columns: each value, and how often it occurs."""
    return [f"| {what}: {value} | {number} |" for value, number in counts.items()]
