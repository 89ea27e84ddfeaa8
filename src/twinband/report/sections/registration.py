"""How well the two cameras were brought onto one grid."""

from collections.abc import Sequence

from twinband.report.facts import Registration
from twinband.report.render import render
from twinband.report.section import Section

# The pictures that the stage draws, in this order, each with what it shows.
PICTURES = {
    "best": "The pair that registration gained most for.",
    "typical": "A typical pair: the middle one by score.",
    "worst": "The lowest score that was still trusted.",
    "failed": "A pair without a transform to trust; none was applied.",
    "residuals": "The largest local shifts left: what no transform of the whole image mends.",
}


def section(registrations: Sequence[Registration]) -> Section:
    """A table over all datasets, then distribution and pictures of each."""
    html = render("registration.html.j2", registrations=registrations, captions=PICTURES)
    return Section("Registration", "registration", html)
