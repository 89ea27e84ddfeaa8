"""Counting the values of a column, for metrics and for cards."""

import pyarrow as pa

from twinband.shards.counts import card_lines, count_values

HOURS = pa.chunked_array([["night", "day", None], ["", "night"]], pa.string())


def test_values_are_counted_in_order_and_empty_ones_only_by_a_name() -> None:
    found = count_values(HOURS)
    assert found == {"day": 1, "night": 2} and list(found) == ["day", "night"]
    found = count_values(HOURS, "noon")
    assert found == {"day": 1, "night": 2, "noon": 2} and list(found) == ["day", "night", "noon"]
    assert count_values(pa.chunked_array([[]], pa.string())) == {}


def test_an_empty_value_may_count_as_another() -> None:
    assert count_values(HOURS, "day") == {"day": 3, "night": 2}


def test_a_card_has_a_line_for_each_value() -> None:
    assert card_lines("hour", count_values(HOURS)) == ["| hour: day | 1 |", "| hour: night | 2 |"]
