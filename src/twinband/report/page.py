"""The page: sections in one HTML file that loads nothing from anywhere, made from templates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from twinband import drawing
from twinband.report.tables import tables_of

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page.

    Attributes:
        title: its heading, and its name in the table of contents.
        anchor: its id in the page, of ``[a-z0-9-]``.
        html: what stands below the heading, already escaped; its own headings begin at ``h3``.
    """

    title: str
    anchor: str
    html: Markup


def page(title: str, sections: Sequence[Section]) -> str:
    """Lay out the whole HTML document: heading, table of contents and sections, its style inline.

    Equal arguments give equal text.
    """
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return str(render("page.html.j2", title=title, sections=sections, style=style))


def render(template: str, **values: Any) -> Markup:
    """Fill a template of ``templates/``: values are escaped unless they are markup already, and
    one that is lacking is an error."""
    return Markup(_environment().get_template(template).render(**values))


def anchor_of(kind: str, name: str) -> str:
    """Return an id of letters, digits, ``-``, ``_`` and ``.``, another for every ``name`` of a
    kind.

    >>> anchor_of("dataset", "kaist day")
    'dataset-kaist.20.day'
    """
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_-]", lambda match: f".{ord(match[0]):x}.", name)


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
        count=drawing.count,
        ordered=drawing.in_reading_order,
        share=drawing.share,
        size=drawing.size,
        tables=tables_of,
        words=drawing.words,
    )
    return environment
