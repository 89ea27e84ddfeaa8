"""Facts that several benchmarks have in common, for the report to compare models by."""

from collections.abc import Mapping
from typing import Literal, get_args

from twinband.core.params import Facts

Way = Literal["zeros", "copy", "skipped", "predicted"]  # of hiding a modality, see ``features``
WAYS: tuple[Way, ...] = get_args(Way)
MODALITY_BIAS = "modality_bias"  # the key of ``ModalityBias`` among a benchmark's facts


class ModalityBias(Facts):
    """Scores of a model with both modalities, and with one hidden.

    Attributes:
        measure: what the scores are, such as ``mIoU``; higher is better.
        full: score with both modalities.
        interval_95: 95 % interval of ``full``.
        hidden: score with a modality hidden, by modality and way; a way that the model does not
            know is not there.
    """

    measure: str
    full: float
    interval_95: tuple[float, float]
    hidden: dict[str, dict[str, float]]


def modality_bias(
    measure: str, scores: Mapping[str, float], interval_95: tuple[float, float]
) -> ModalityBias:
    """Gather scores by the names of ``features.EncodedPairs.variants``: ``full``,
    ``no_thermal_zeros``, …"""
    hidden: dict[str, dict[str, float]] = {}
    for name, score in scores.items():
        _, *case = name.split("_", 2)
        if case:
            hidden.setdefault(case[0], {})[case[1]] = score
    return ModalityBias(
        measure=measure, full=scores["full"], interval_95=interval_95, hidden=hidden
    )
