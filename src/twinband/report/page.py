"""The report: one page of sections, in a file that loads nothing from anywhere."""

from collections.abc import Sequence

from markupsafe import Markup

from twinband.report.render import TEMPLATES, render
from twinband.report.section import Section


def page(title: str, sections: Sequence[Section]) -> str:
    """The whole HTML document: heading, table of contents and sections, its style inline.

    Equal arguments give equal text.
    """
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return str(render("page.html.j2", title=title, sections=sections, style=style))
