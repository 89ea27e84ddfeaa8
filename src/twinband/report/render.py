"""The templates and what they may call: every value is escaped unless it is markup already."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from twinband import text
from twinband.report.metric_table import tables_of

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> Markup:
    """Fill a template of ``templates/``; a value that it lacks is an error."""
    return Markup(_environment().get_template(template).render(**values))


def anchor_of(kind: str, name: str) -> str:
    """An id of letters, digits, ``-``, ``_`` and ``.``, another for every ``name`` of a kind.

    >>> anchor_of("dataset", "kaist day")
    'dataset-kaist.20.day'
    """
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_-]", lambda found: f".{ord(found[0]):x}.", name)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        anchor=lambda name, kind: anchor_of(kind, name),
        count=text.count,
        ordered=text.in_reading_order,
        share=text.share,
        size=text.size,
        tables=tables_of,
        words=text.words,
    )
    return environment
