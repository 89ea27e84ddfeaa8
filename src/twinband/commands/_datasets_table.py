"""The list of readers, for ``twinband datasets``."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twinband.ingest.dataset import layout_class, reader_names


def described_readers() -> list[dict[str, Any]]:
    """Describe every reader: name, layout in plain words, options."""
    return [
        {"reader": name, "expects": layout.expects, "options": _options(layout.Options)}
        for name in reader_names()
        for layout in [layout_class(name)]
    ]


def _options(model: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "required": field.is_required(),
            "default": None if field.is_required() else field.default,
            "description": field.description,
        }
        for name, field in model.model_fields.items()
    ]


def print_json() -> None:
    """Print the readers as JSON."""
    typer.echo(json.dumps(described_readers(), indent=2))


def print_table() -> None:
    """Print the readers as a table, and what to do next."""
    table = Table(show_lines=True)
    for title in ("reader", "expects", "options"):
        table.add_column(title, overflow="fold")
    for reader in described_readers():
        options = [_option_line(option) for option in reader["options"]]
        table.add_row(*map(Text, (reader["reader"], reader["expects"], "\n".join(options))))
    Console().print(table)
    typer.echo("next: twinband datasets check READER ROOT [--option key=value …]")


def _option_line(option: dict[str, Any]) -> str:
    default = "required" if option["required"] else json.dumps(option["default"])
    return f"{option['name']} ({default}): {option['description']}"
