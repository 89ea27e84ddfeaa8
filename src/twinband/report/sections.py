"""What data, how much of it, what was left out and why, and how good the results are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from twinband.report.facts import Dataset, Evaluation, Pool
from twinband.report.metric_table import headlines
from twinband.report.render import render
from twinband.report.section import Section
from twinband.text import in_reading_order

# The words of `twinband.pool`; one that is not here speaks for itself.
POOL_REASONS = {
    "exact_duplicate": "same bytes as a pair kept, held out or evaluated on",
    "hold_out": "named in the hold-out list",
    "registration_failed": "not aligned, and its dataset trains on aligned pairs only",
    "near_duplicate": "looks like a pair kept, held out or evaluated on",
    "test_split": "evaluated on",
    "thermal_absent": "not aligned, and its dataset goes on without the thermal image",
    "val_split": "evaluated on",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why pairs were left out, how many, and from where (dataset and number, most first)."""

    name: str
    pairs: int
    datasets: tuple[tuple[str, int], ...]


def section(datasets: Sequence[Dataset], pool: Pool, evaluations: Sequence[Evaluation]) -> Section:
    """Figures of each dataset and of all, the pool for pretraining, and each headline result."""
    facts = [dataset.facts for dataset in datasets]
    html = render(
        "overview.html.j2",
        datasets=datasets,
        pairs=sum(each.pairs for each in facts),
        left_out=sum(each.left_out for each in facts),
        bytes=sum(each.bytes for each in facts),
        splits=_total([each.splits for each in facts]),
        hours=_total([each.hours for each in facts]),
        reasons=_reasons(datasets),
        pool=pool,
        pool_reasons=_most_first(pool.reasons),
        meanings=POOL_REASONS,
        results=[(each.key, headlines(each.metrics)) for each in evaluations],
    )
    return Section("Overview", "overview", html)


def _total(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total = sum((Counter(each) for each in counts), Counter[str]())
    return {name: total[name] for name in in_reading_order(sorted(total))}


def _reasons(datasets: Sequence[Dataset]) -> list[Reason]:
    total = _total([dataset.facts.reasons for dataset in datasets])
    return [
        Reason(
            name,
            pairs,
            tuple(_most_first({d.name: d.facts.reasons.get(name, 0) for d in datasets})),
        )
        for name, pairs in _most_first(total)
    ]


def _most_first(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Those that there are, most first, equal ones as they come."""
    present = [(name, number) for name, number in counts.items() if number]
    return sorted(present, key=lambda item: -item[1])
