"""How pretraining went: losses, masking over time, and reconstructions."""

from collections.abc import Sequence

from twinband.report.pretraining_facts import Pretrained
from twinband.report.render import render
from twinband.report.section import Section


def section(models: Sequence[Pretrained]) -> Section:
    """A table over the models, then curves and reconstructions of each."""
    return Section("Pretraining", "pretraining", render("pretraining.html.j2", models=models))
