"""Editing params.yaml as text."""

from typing import Any

import pytest
import yaml

from twinband.commands._datasets_add import append_item, put_item, replace_value
from twinband.core.params import ParamsError

TEXT = """\
# head
ingest:
  datasets:
    one:   {reader: a}   # aligned
    two:
      options: {}
      licence: MIT  # tail of two

# before the next section
pool:
  datasets: [one,
             two]  # two lines
  none: []
  plain:
    - one  # first

report: {datasets: [one], items: {}}
"""
ENTRY: dict[str, Any] = {"reader": "b", "options": {"rgb": "*_vi/*.png", "flag": True, "no": "no"}}


def added(before: str, after: str) -> list[str]:
    kept = before.splitlines()
    return [line for line in after.splitlines() if line not in kept]


def test_an_item_goes_right_behind_the_last_one() -> None:
    text = put_item(TEXT, ("ingest", "datasets"), "three", ENTRY)
    assert yaml.safe_load(text)["ingest"]["datasets"]["three"] == ENTRY
    lines = text.splitlines()
    at = lines.index("    three:")
    assert lines[at - 1] == "      licence: MIT  # tail of two"
    assert [line for line in lines if line not in added(TEXT, text)] == TEXT.splitlines()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a:\n  b: {}  # empty\nc: 1\n", ("a", "b")),
        ("a:\n  b: {x: {y: 1}}\nc: 1\n", ("a", "b")),
        ("a:\n  b:\n    x: {y: 1}", ("a", "b")),
    ],
)
def test_mappings_of_every_style_take_an_item(text: str, path: tuple[str, ...]) -> None:
    before, after = yaml.safe_load(text), yaml.safe_load(put_item(text, path, "new", ENTRY))
    assert after["a"]["b"].pop("new") == ENTRY
    assert after == before


@pytest.mark.parametrize(
    "path", [("pool", "datasets"), ("pool", "none"), ("pool", "plain"), ("report", "datasets")]
)
def test_lists_of_every_style_take_an_item_once(path: tuple[str, str]) -> None:
    text = append_item(TEXT, path, "no")
    before, after = yaml.safe_load(TEXT), yaml.safe_load(text)
    assert after[path[0]][path[1]].pop() == "no"
    assert after == before
    assert len(added(TEXT, text)) == 1
    assert append_item(text, path, "no") == text


@pytest.mark.parametrize(("key", "value"), [("licence", "no"), ("options", {"rgb": "*/a"})])
def test_a_value_is_replaced_in_place(key: str, value: Any) -> None:
    text = replace_value(TEXT, ("ingest", "datasets", "two", key), value)
    before, after = yaml.safe_load(TEXT), yaml.safe_load(text)
    assert after["ingest"]["datasets"]["two"][key] == value
    after["ingest"]["datasets"]["two"][key] = before["ingest"]["datasets"]["two"][key]
    assert after == before
    assert len(added(TEXT, text)) == 1


def test_missing_places_are_named() -> None:
    with pytest.raises(ParamsError, match=r"pool\.extra"):
        append_item(TEXT, ("pool", "extra"), "x")
    with pytest.raises(ParamsError, match=r"ingest\.datasets"):
        append_item(TEXT, ("ingest", "datasets"), "x")
    with pytest.raises(ParamsError, match=r"pool\.datasets"):
        put_item(TEXT, ("pool", "datasets"), "x", ENTRY)
