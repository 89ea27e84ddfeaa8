"""What ``cmss`` and ``cmss_mixture`` have said, read from metrics/ and plots/."""

from dataclasses import dataclass
from pathlib import Path

from twinband.report.facts import Facts, Picture, read_facts, read_pictures


class Mixture(Facts):
    """Components in increasing order of their means, in log10 of the unnormalised measure."""

    components: int
    weights: list[float]
    means: list[float]


class Normaliser(Facts):
    """The value (log10) that a share of all values does not exceed."""

    quantile: float
    log10: float


class Hour(Facts):
    """Pairs of one hour of the day, and the median of their patches."""

    pairs: int
    median: float


class Pixels(Facts):
    """Pixels that labels call objects, or none: their median, and shares of the components."""

    pixels: int
    median: float
    shares: list[float]


class Spread(Facts):
    """Quantiles of log10 of the measure."""

    p05: float
    median: float
    p95: float


class Distribution(Facts):
    """What a dataset and all of them have in common."""

    values: int
    below: int
    above: int
    log10: Spread
    normaliser: Normaliser
    mixture: Mixture
    mixture_by_bic: Mixture


class CmssFacts(Distribution):
    """metrics/cmss/D.json."""

    pairs: int
    thermal_absent: int
    partial_patches: int
    hours: dict[str, Hour]
    objects: Pixels | None = None
    background: Pixels | None = None


class PooledFacts(Distribution):
    """metrics/cmss_mixture.json; ``datasets`` holds the patches of each."""

    datasets: dict[str, int]


@dataclass(frozen=True, slots=True)
class CmssDataset:
    """One measured dataset; ``pictures`` by the names of their files."""

    name: str
    facts: CmssFacts
    pictures: dict[str, Picture]


@dataclass(frozen=True, slots=True)
class CmssPool:
    """All measured datasets together."""

    facts: PooledFacts
    pictures: dict[str, Picture]


def read_cmss(name: str, metrics: Path, plots: Path) -> CmssDataset:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"cmss@{name}"
    facts = read_facts(CmssFacts, metrics / f"{name}.json", stage)
    return CmssDataset(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


def read_cmss_mixture(metrics: Path, plots: Path) -> CmssPool:
    """Read metrics/cmss_mixture.json and the pictures in ``plots/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = "cmss_mixture"
    return CmssPool(
        read_facts(PooledFacts, metrics, stage), {p.name: p for p in read_pictures(plots, stage)}
    )
