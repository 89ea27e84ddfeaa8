"""Sections of the page: what each shows, chosen and put in order for its template."""

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from twinband.cmss.facts import CmssFacts, PooledFacts
from twinband.drawing import in_reading_order
from twinband.fusion_scores.facts import (
    AVERAGE,
    INFRARED,
    VISIBLE,
    EvaluateFusionFacts,
    MethodFacts,
)
from twinband.masks.facts import MaskFacts
from twinband.pool import PoolFacts
from twinband.pretraining.facts import PretrainFacts
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.registration.facts import RegisterFacts
from twinband.report.bias import bias_tables
from twinband.report.experiments import ExperimentSet
from twinband.report.page import Section, render
from twinband.report.read import (
    Dataset,
    Evaluation,
    LeftOut,
    Picture,
    Pictures,
    Shown,
)
from twinband.report.speed import SpeedTable
from twinband.report.tables import headlines
from twinband.report.timings import Timing

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
# Pictures of registration in this order, each with what it shows.
REGISTRATION_PICTURES = {
    "best": "The pair that registration gained most for.",
    "typical": "A typical pair: the middle one by score.",
    "worst": "The lowest score that was still trusted.",
    "failed": "A pair without a transform to trust; none was applied.",
    "residuals": "The largest local shifts left: what no transform of the whole image mends.",
}
ALIKE = 0.05  # a difference of medians, in log10, that is not worth a word
OVERALL = "overall"
PACKAGES = (
    "torch",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "webdataset",
    "transformers",
    "dvc",
    "prefect",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for leaving pairs out: their number, and that of each dataset, most first."""

    name: str
    pairs: int
    datasets: tuple[tuple[str, int], ...]


def overview_section(
    datasets: Sequence[Dataset], pool: PoolFacts, evaluations: Sequence[Evaluation]
) -> Section:
    """Show figures of each dataset and of all, the pool for pretraining, and headline results."""
    facts = [dataset.facts for dataset in datasets]
    html = render(
        "overview.html.j2",
        datasets=datasets,
        pairs=sum(dataset.pairs for dataset in facts),
        left_out=sum(dataset.left_out for dataset in facts),
        bytes=sum(dataset.bytes for dataset in facts),
        splits=_total([dataset.splits for dataset in facts]),
        hours=_total([dataset.hours for dataset in facts]),
        reasons=_reasons(datasets),
        pool=pool,
        pool_reasons=_most_first(pool.reasons),
        meanings=POOL_REASONS,
        results=[(evaluation.name, headlines(evaluation.metrics)) for evaluation in evaluations],
    )
    return Section("Overview", "overview", html)


def _total(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total = sum((Counter(count) for count in counts), Counter[str]())
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
    """Sort by count, leaving out zeros; equal ones stay as they come."""
    positive = [(name, number) for name, number in counts.items() if number]
    return sorted(positive, key=lambda item: -item[1])


def datasets_section(datasets: Sequence[Dataset], listed: int) -> Section:
    """Show pictures and left-out pairs of every dataset, at most ``listed`` pairs of each."""
    with_reasons = [(dataset, _examples(dataset.left_out)) for dataset in datasets]
    html = render("datasets.html.j2", datasets=with_reasons, listed=listed)
    return Section("Datasets", "datasets", html)


def _examples(left_out: Sequence[LeftOut]) -> list[tuple[str, int, str]]:
    """List reason, number of pairs and the detail of its first pair that has one; most first."""
    by_reason: dict[str, list[LeftOut]] = {}
    for pair in left_out:
        by_reason.setdefault(pair.reason, []).append(pair)
    rows = [
        (reason, len(pairs), next((pair.detail for pair in pairs if pair.detail), ""))
        for reason, pairs in by_reason.items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def registration_section(datasets: Sequence[Shown[RegisterFacts]]) -> Section:
    """Show a table over all datasets, then distribution and pictures of each."""
    html = render("registration.html.j2", registrations=datasets, captions=REGISTRATION_PICTURES)
    return Section("Registration", "registration", html)


@dataclass(frozen=True, slots=True)
class Example:
    """One pair as all annotators see it: pictures with a caption each, side by side."""

    hour: str
    pictures: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Examples of one dataset, one an hour."""

    name: str
    examples: tuple[Example, ...]
    legend: Picture | None


def labels_section(
    masks: Sequence[Shown[MaskFacts]], labels: Sequence[Shown[PseudoLabelFacts]]
) -> Section:
    """Show tables of both stages, scores by hour, then pictures: of the datasets that have both,
    or if none has masks, of the first."""
    of_masks = {dataset.name: dataset.pictures for dataset in masks}
    drawn = of_masks.keys() or {dataset.name for dataset in labels[:1]}
    galleries = [
        _gallery(dataset.name, of_masks.get(dataset.name, {}), dataset.pictures)
        for dataset in labels
        if dataset.name in drawn
    ]
    hours = {hour for dataset in masks for hour in dataset.facts.scores.get("both", {})}
    hours |= {hour for dataset in labels for hour in dataset.facts.depth.scores}
    ordered = in_reading_order(sorted(hours - {OVERALL}))
    html = render(
        "labels.html.j2", masks=masks, labels=labels, hours=[*ordered, OVERALL], galleries=galleries
    )
    return Section("Labels", "labels", html)


def _gallery(name: str, masks: Pictures, labels: Pictures) -> Gallery:
    hours = sorted({file.removesuffix("-semantics") for file in labels if "-semantics" in file})
    examples = tuple(_example(hour, masks, labels) for hour in in_reading_order(hours))
    return Gallery(name, examples, labels.get("classes"))


def _example(hour: str, masks: Pictures, labels: Pictures) -> Example:
    columns = (
        ("RGB", labels.get(f"{hour}-rgb")),
        ("thermal", labels.get(f"{hour}-thermal")),
        ("masks of RGB", masks.get(f"{hour}-rgb")),
        ("masks of thermal", masks.get(f"{hour}-thermal")),
        ("depth, near is dark", labels.get(f"{hour}-depth")),
        ("classes", labels.get(f"{hour}-semantics")),
    )
    return Example(hour, tuple((caption, picture) for caption, picture in columns if picture))


def cmss_section(datasets: Sequence[Shown[CmssFacts]], pool: Shown[PooledFacts]) -> Section:
    """Show a table over datasets, the pooled mixture, then figures and maps of each dataset."""
    hours = in_reading_order(sorted({hour for dataset in datasets for hour in dataset.facts.hours}))
    html = render(
        "cmss.html.j2",
        datasets=datasets,
        pool=pool,
        hours=hours if hours != ["unknown"] else [],
        sentences={dataset.name: _sentences(dataset.facts) for dataset in datasets},
    )
    return Section("Patches: CMSS", "cmss", html)


def _sentences(facts: CmssFacts) -> list[str]:
    """Describe the distribution of a dataset in plain words."""
    components = facts.mixture.components
    sentences = [
        f"The Bayesian information criterion chooses {facts.mixture_by_bic.components} components"
        + (f", not {components}." if facts.mixture_by_bic.components != components else ".")
    ]
    medians = {name: hour.median for name, hour in facts.hours.items() if name != "unknown"}
    if len(medians) > 1:
        lowest, highest = (choose(medians, key=medians.__getitem__) for choose in (min, max))
        sentences.append(
            f"By hour of the day, the median is lowest for {lowest} ({_number(medians[lowest])}) "
            f"and highest for {highest} ({_number(medians[highest])})."
        )
    if facts.objects is not None and facts.background is not None:
        objects, background = facts.objects, facts.background
        gap = objects.median - background.median
        relation = "higher than" if gap > ALIKE else "lower than" if gap < -ALIKE else "much like"
        sentences.append(
            f"The CMSS of objects is {relation} that of the background (medians "
            f"{_number(objects.median)} and {_number(background.median)}); "
            f"{100 * objects.shares[0]:.1f} % of object pixels and "
            f"{100 * background.shares[0]:.1f} % of the background fall in the component of the "
            "lowest CMSS."
        )
    return sentences


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\u2212")


def pretraining_section(models: Sequence[Shown[PretrainFacts]]) -> Section:
    """Show a table over the models, then curves and reconstructions of each."""
    drawings = {model.name: _first_and_last(model.pictures) for model in models}
    html = render("pretraining.html.j2", models=models, drawings=drawings)
    return Section("Pretraining", "pretraining", html)


def _first_and_last(pictures: Pictures) -> list[Picture]:
    """Choose the earliest reconstructions and the latest."""
    steps = [name for name in sorted(pictures) if name.startswith("step-")]
    return [pictures[name] for name in dict.fromkeys([*steps[:1], *steps[-1:]])]


def fusion_section(comparisons: Sequence[Shown[EvaluateFusionFacts]]) -> Section:
    """Show of each dataset all methods' scores, costs and pictures, side by side."""
    hours = {item.name: _hours_judged(item.facts) for item in comparisons}
    methods = {item.name: _controls_first(item.facts) for item in comparisons}
    html = render("fusion.html.j2", comparisons=comparisons, hours=hours, methods=methods)
    return Section("Fusion", "fusion", html)


def _controls_first(facts: EvaluateFusionFacts) -> list[tuple[str, MethodFacts]]:
    controls = (VISIBLE, INFRARED, AVERAGE)
    names = [*controls, *(name for name in facts.methods if name not in controls)]
    return [(name, facts.methods[name]) for name in names if name in facts.methods]


def _hours_judged(facts: EvaluateFusionFacts) -> list[str]:
    judged = (method.segmented for method in facts.methods.values() if method.segmented)
    hours = {hour for segmented in judged for hour in segmented.by_hour}
    return in_reading_order(sorted(hours))


def evaluations_section(evaluations: Sequence[Evaluation]) -> Section:
    """Show what models lose with a modality hidden, then all numbers and pictures of every
    evaluation."""
    biases = bias_tables(evaluations)
    html = render("evaluations.html.j2", evaluations=evaluations, biases=biases)
    return Section("Evaluations", "evaluations", html)


def experiments_section(sets: Sequence[ExperimentSet]) -> Section:
    """Show a table of each set of experiments."""
    return Section("Experiments", "experiments", render("experiments.html.j2", sets=sets))


def speed_section(tables: Sequence[SpeedTable]) -> Section:
    """Show what benchmarks measured, a table for each and each machine."""
    return Section("Speed", "speed", render("speed.html.j2", tables=tables))


def versions_section(products: Mapping[str, str]) -> Section:
    """Show versions of what can change a result, and the identities of the products."""
    software = {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    html = render("versions.html.j2", software=software, products=products)
    return Section("Versions", "versions", html)


def _version(package: str) -> str:
    """Look the version up in the package's metadata, for importing some takes seconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def timings_section(timings: Sequence[Timing]) -> Section:
    """Show seconds, rate and memory of each stage's latest run, beside the run before."""
    html = render("timings.html.j2", timings=timings)
    return Section("Timings on this machine", "timings", html)
