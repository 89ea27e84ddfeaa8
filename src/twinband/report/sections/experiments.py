"""Arms compared over seeds: means, spread, and what difference could have been seen."""

from collections.abc import Sequence

from twinband.report.experiment_facts import ExperimentSet
from twinband.report.render import render
from twinband.report.section import Section


def section(sets: Sequence[ExperimentSet]) -> Section:
    """A table of each set of experiments."""
    return Section("Experiments", "experiments", render("experiments.html.j2", sets=sets))
