"""Saliency scores of a set of maps: MAE, S, weighted F, and F and E at adaptive and all thresholds.

The numbers are pysodmetrics' own, which agree with the MATLAB toolbox of the field
(spec/benchmarks.md B.5). Each is a mean over images; a curve is averaged over images first, and
its mean and maximum are taken then.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py_sod_metrics import (
    MAE,
    Emeasure,
    FmeasureHandler,
    FmeasureV2,
    Smeasure,
    WeightedFmeasure,
)

Levels = NDArray[np.uint8]  # H,W
BETA_SQUARED = 0.3


def saliency_scores(pairs: Iterable[tuple[Levels, Levels]]) -> dict[str, float]:
    """Score pairs of predicted and true maps, each pair of one size.

    A true pixel is salient above 128. A predicted map is stretched to 0..1 by its own least and
    largest level, unless it is constant.

    Returns:
        ``mae`` (lower is better), ``s``, ``wf``, ``adp_f``, ``mean_f``, ``max_f``, ``adp_e``,
        ``mean_e`` and ``max_e`` (higher is better), all 0 to 1; NaN without pairs.

    Raises:
        ValueError: the maps of a pair differ in size, or are not of one channel.
    """
    f_measure = FmeasureHandler(with_dynamic=True, with_adaptive=True, beta=BETA_SQUARED)
    metrics: tuple[Any, ...] = (
        MAE(),
        Smeasure(),
        WeightedFmeasure(),
        FmeasureV2({"f": f_measure}),
        Emeasure(),
    )
    count = 0
    for prediction, truth in pairs:
        if prediction.shape != truth.shape or truth.ndim != 2:
            raise ValueError(f"prediction {prediction.shape} and truth {truth.shape} do not pair")
        for metric in metrics:
            metric.step(prediction, truth)
        count += 1
    if not count:
        return dict.fromkeys(NAMES, float("nan"))
    mae, s, wf, f, e = (metric.get_results() for metric in metrics)
    curves = {"f": f["f"]["dynamic"], "e": e["em"]["curve"]}
    found = {"mae": mae["mae"], "s": s["sm"], "wf": wf["wfm"], "adp_f": f["f"]["adaptive"]}
    found |= {"adp_e": e["em"]["adp"]}
    for letter, curve in curves.items():
        found |= {f"mean_{letter}": np.mean(curve), f"max_{letter}": np.max(curve)}
    return {name: float(found[name]) for name in NAMES}


NAMES = ("mae", "s", "wf", "adp_f", "mean_f", "max_f", "adp_e", "mean_e", "max_e")
