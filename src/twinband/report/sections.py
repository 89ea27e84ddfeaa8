"""How structured and how different the two views of patches are, in each dataset and in all.

Each dataset to look at: a contact sheet, how it is split, and what was left out.

Each evaluation: its metrics as tables, and its pictures.

Arms compared over seeds: means, spread, and what difference could have been seen.

What annotators made of the images: masks, depth and classes, with how far to trust them.

What data, how much of it, what was left out and why, and how good the results are.

How pretraining went: losses, masking over time, and reconstructions.

How well the two cameras were brought onto one grid.

How long the stages took on this machine: never the same twice, so never in the DVC stage.

With which software, and from which bytes, all of this was made.
"""

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from twinband.cmss.facts import CmssFacts
from twinband.core.errors import InputError
from twinband.core.params import describe
from twinband.drawing import in_reading_order
from twinband.pool import PoolFacts
from twinband.report.experiments import ExperimentSet
from twinband.report.page import Section, render
from twinband.report.read import (
    CmssDataset,
    CmssPool,
    Dataset,
    Evaluation,
    LeftOut,
    Masks,
    Picture,
    Pretrained,
    PseudoLabels,
    Registration,
)
from twinband.report.tables import headlines

ALIKE = 0.05  # a difference of medians, in log10, that is not worth a word


def cmss_section(datasets: Sequence[CmssDataset], pool: CmssPool) -> Section:
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


def datasets_section(datasets: Sequence[Dataset], listed: int) -> Section:
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


def evaluations_section(evaluations: Sequence[Evaluation]) -> Section:
    """All metrics and pictures of every evaluation."""
    html = render("evaluations.html.j2", evaluations=evaluations)
    return Section("Evaluations", "evaluations", html)


def experiments_section(sets: Sequence[ExperimentSet]) -> Section:
    """A table of each set of experiments."""
    return Section("Experiments", "experiments", render("experiments.html.j2", sets=sets))


OVERALL = "overall"
Pictures = Mapping[str, Picture]


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


def labels_section(masks: Sequence[Masks], labels: Sequence[PseudoLabels]) -> Section:
    """Tables of both stages, scores by hour, then pictures: of the datasets that have both, or if
    none has masks, of the first."""
    of_masks = {each.name: each for each in masks}
    drawn = of_masks or {each.name for each in labels[:1]}
    galleries = [_gallery(of_masks.get(each.name), each) for each in labels if each.name in drawn]
    hours = {hour for each in masks for hour in each.facts.scores.get("both", {})}
    hours |= {hour for each in labels for hour in each.facts.depth.scores}
    ordered = in_reading_order(sorted(hours - {OVERALL}))
    html = render(
        "labels.html.j2", masks=masks, labels=labels, hours=[*ordered, OVERALL], galleries=galleries
    )
    return Section("Labels", "labels", html)


def _gallery(masks: Masks | None, labels: PseudoLabels) -> Gallery:
    hours = {name.removesuffix("-semantics") for name in labels.pictures if "-semantics" in name}
    of_masks = masks.pictures if masks else {}
    examples = tuple(
        _example(hour, of_masks, labels.pictures) for hour in in_reading_order(sorted(hours))
    )
    return Gallery(labels.name, examples, labels.pictures.get("classes"))


def _example(hour: str, masks: Pictures, labels: Pictures) -> Example:
    wanted = (
        ("RGB", labels, "rgb"),
        ("thermal", labels, "thermal"),
        ("masks of RGB", masks, "rgb"),
        ("masks of thermal", masks, "thermal"),
        ("depth, near is dark", labels, "depth"),
        ("classes", labels, "semantics"),
    )
    found = [(caption, pictures.get(f"{hour}-{what}")) for caption, pictures, what in wanted]
    return Example(hour, tuple((caption, each) for caption, each in found if each is not None))


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


def overview_section(
    datasets: Sequence[Dataset], pool: PoolFacts, evaluations: Sequence[Evaluation]
) -> Section:
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


def pretraining_section(models: Sequence[Pretrained]) -> Section:
    """A table over the models, then curves and reconstructions of each."""
    return Section("Pretraining", "pretraining", render("pretraining.html.j2", models=models))


# The pictures that the stage draws, in this order, each with what it shows.
PICTURES = {
    "best": "The pair that registration gained most for.",
    "typical": "A typical pair: the middle one by score.",
    "worst": "The lowest score that was still trusted.",
    "failed": "A pair without a transform to trust; none was applied.",
    "residuals": "The largest local shifts left: what no transform of the whole image mends.",
}


def registration_section(registrations: Sequence[Registration]) -> Section:
    """A table over all datasets, then distribution and pictures of each."""
    html = render("registration.html.j2", registrations=registrations, captions=PICTURES)
    return Section("Registration", "registration", html)


class Run(BaseModel):
    """One record of a step's run; ``finished`` is ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str
    fingerprint: str
    finished: str
    seconds: float
    samples: int
    peak_memory_mib: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The latest run of a stage and the one before, if there was one."""

    latest: Run
    before: Run | None

    @property
    def changed(self) -> str:
        """What differs from the run before."""
        if self.before is None:
            return "first run"
        same = self.before.fingerprint == self.latest.fingerprint
        return "nothing, run again" if same else "inputs, parameters or code"


def read_timings(runs: Path) -> list[Timing]:
    """The last two records of each stage below ``runs``, in order of stage.

    Raises:
        InputError: a record that cannot be read.
    """
    timings = []
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        latest = sorted(folder.glob("*.json"))[-2:]  # their names are times
        records = [_read(path) for path in latest]
        if records:
            timings.append(Timing(records[-1], records[0] if len(records) > 1 else None))
    return timings


def timings_section(timings: list[Timing]) -> Section:
    """Seconds, rate and memory of each stage's latest run, beside the run before."""
    html = render("timings.html.j2", timings=timings)
    return Section("Timings on this machine", "timings", html)


def _read(path: Path) -> Run:
    try:
        return Run.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        problem = "; ".join(describe(error, ""))
    except ValueError as error:
        problem = str(error)
    raise InputError(f"{path}: {problem}; delete this file, it records one run only")


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


def versions_section(datasets: Sequence[Dataset], pool: PoolFacts) -> Section:
    """Versions of what can change a result, and the ids of the products shown."""
    products = [(f"{dataset.name}: pairs", dataset.facts.product) for dataset in datasets]
    products.append(("pool", pool.product))
    software = [
        ("python", platform.python_version()),
        *((name, _version(name)) for name in PACKAGES),
    ]
    html = render("versions.html.j2", software=software, products=products)
    return Section("Versions", "versions", html)


def _version(package: str) -> str:
    """As installed; asked of the package's metadata, for importing some takes seconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
