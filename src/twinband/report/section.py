"""What the page is made of."""

from dataclasses import dataclass

from markupsafe import Markup


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
