"""Which pairs are drawn: one of each hour of the day."""

from pathlib import Path

from twinband.shards.manifest import read_manifest
from twinband.text import in_reading_order

UNKNOWN_HOUR = "unknown"


def example_keys(pairs: Path, registered: Path) -> dict[str, str]:
    """The first pair with both images of each hour, in order of key; hours in reading order.

    Raises:
        InputError: a folder is no finished product.
    """
    hours = hours_of(pairs)
    said = read_manifest(registered, ["key", "thermal_present"]).to_pylist()
    usable = sorted(row["key"] for row in said if row["thermal_present"] and row["key"] in hours)
    first: dict[str, str] = {}
    for key in usable:
        first.setdefault(hours[key], key)
    return {hour: first[hour] for hour in in_reading_order(sorted(first))}


def hours_of(pairs: Path) -> dict[str, str]:
    """Hour of the day of every usable pair by key, ``unknown`` if nobody said."""
    rows = read_manifest(pairs, ["key", "status", "hour"]).to_pylist()
    return {row["key"]: row["hour"] or UNKNOWN_HOUR for row in rows if row["status"] == "ok"}
