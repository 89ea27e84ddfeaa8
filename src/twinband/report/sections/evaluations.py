"""Each evaluation: its metrics as tables, and its pictures."""

from collections.abc import Sequence

from twinband.report.facts import Evaluation
from twinband.report.render import render
from twinband.report.section import Section


def section(evaluations: Sequence[Evaluation]) -> Section:
    """All metrics and pictures of every evaluation."""
    html = render("evaluations.html.j2", evaluations=evaluations)
    return Section("Evaluations", "evaluations", html)
