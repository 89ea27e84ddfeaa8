"""The modality-bias table: what models lose when one modality is hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinband.drawing import in_reading_order
from twinband.evaluation.facts import WAYS
from twinband.report.read import Evaluation

Case = tuple[str, str]  # a hidden modality, and the way of hiding it


@dataclass(frozen=True, slots=True)
class BiasRow:
    """One model: its score with both modalities, its 95 % interval, and a score for each case that
    the table has, None where the model does not know the way."""

    model: str
    full: float
    interval_95: tuple[float, float]
    hidden: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class BiasTable:
    """All models on one benchmark.

    Attributes:
        benchmark: its name.
        measure: what the scores are.
        ways: the columns: of each hidden modality the ways of hiding it.
        rows: in order of the evaluations.
    """

    benchmark: str
    measure: str
    ways: Mapping[str, tuple[str, ...]]
    rows: tuple[BiasRow, ...]


def bias_tables(evaluations: Sequence[Evaluation]) -> list[BiasTable]:
    """Lay out a table for each benchmark that hides modalities, in order of the evaluations."""
    by_benchmark: dict[str, list[Evaluation]] = {}
    for evaluation in evaluations:
        if evaluation.bias is not None:
            benchmark = evaluation.name.partition("-")[0]
            by_benchmark.setdefault(benchmark, []).append(evaluation)
    return [_table(benchmark, found) for benchmark, found in by_benchmark.items()]


def _table(benchmark: str, evaluations: Sequence[Evaluation]) -> BiasTable:
    biases = [(e.name.partition("-")[2], e.bias) for e in evaluations if e.bias is not None]
    modalities = in_reading_order(dict.fromkeys(m for _, bias in biases for m in bias.hidden))
    ways = {
        modality: tuple(
            way for way in WAYS if any(way in bias.hidden.get(modality, {}) for _, bias in biases)
        )
        for modality in modalities
    }
    cases: list[Case] = [(modality, way) for modality in modalities for way in ways[modality]]
    rows = tuple(
        BiasRow(
            model,
            bias.full,
            bias.interval_95,
            tuple(bias.hidden.get(modality, {}).get(way) for modality, way in cases),
        )
        for model, bias in biases
    )
    return BiasTable(benchmark, biases[0][1].measure, ways, rows)
