"""How structured and how different the two views of patches are, in each dataset and in all."""

from collections.abc import Sequence

from twinband.report.cmss_facts import CmssDataset, CmssFacts, CmssPool
from twinband.report.render import render
from twinband.report.section import Section
from twinband.text import in_reading_order

ALIKE = 0.05  # a difference of medians, in log10, that is not worth a word


def section(datasets: Sequence[CmssDataset], pool: CmssPool) -> Section:
    """A table over datasets, the pooled mixture, then figures and maps of each dataset."""
    hours = in_reading_order(sorted({hour for each in datasets for hour in each.facts.hours}))
    html = render(
        "cmss.html.j2",
        datasets=datasets,
        pool=pool,
        hours=hours if hours != ["unknown"] else [],
        seen={each.name: _sentences(each.facts) for each in datasets},
    )
    return Section("Patches: CMSS", "cmss", html)


def _sentences(facts: CmssFacts) -> list[str]:
    """What is seen, in plain words."""
    components = facts.mixture.components
    found = [
        f"The Bayesian information criterion chooses {facts.mixture_by_bic.components} components"
        + (f", not {components}." if facts.mixture_by_bic.components != components else ".")
    ]
    hours = {hour: each.median for hour, each in facts.hours.items() if hour != "unknown"}
    if len(hours) > 1:
        lowest, highest = (choose(hours, key=hours.__getitem__) for choose in (min, max))
        found.append(
            f"By hour of the day, the median is lowest for {lowest} ({_number(hours[lowest])}) "
            f"and highest for {highest} ({_number(hours[highest])})."
        )
    if facts.objects is not None and facts.background is not None:
        objects, background = facts.objects, facts.background
        gap = objects.median - background.median
        how = "higher than" if gap > ALIKE else "lower than" if gap < -ALIKE else "much like"
        found.append(
            f"The CMSS of objects is {how} that of the background (medians "
            f"{_number(objects.median)} and {_number(background.median)}); "
            f"{100 * objects.shares[0]:.1f} % of object pixels and "
            f"{100 * background.shares[0]:.1f} % of the background fall in the component of the "
            "lowest CMSS."
        )
    return found


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")
