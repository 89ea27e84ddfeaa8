"""Each dataset to look at: a contact sheet, how it is split, and what was left out."""

from collections.abc import Sequence

from twinband.report.facts import Dataset, LeftOut
from twinband.report.render import render
from twinband.report.section import Section


def section(datasets: Sequence[Dataset], listed: int) -> Section:
    """Pictures and left-out pairs of every dataset, at most ``listed`` pairs of each by name."""
    shown = [(dataset, _examples(dataset.left_out)) for dataset in datasets]
    html = render("datasets.html.j2", datasets=shown, listed=listed)
    return Section("Datasets", "datasets", html)


def _examples(left_out: Sequence[LeftOut]) -> list[tuple[str, int, str]]:
    """Reason, number of pairs and the detail of its first pair that has one; most first."""
    by_reason: dict[str, list[LeftOut]] = {}
    for pair in left_out:
        by_reason.setdefault(pair.reason, []).append(pair)
    rows = [
        (reason, len(pairs), next((pair.detail for pair in pairs if pair.detail), ""))
        for reason, pairs in by_reason.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))
