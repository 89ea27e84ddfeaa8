"""Comparison of methods of fusion on pairs that none was trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.core.params import Run
from twinband.drawing import in_reading_order
from twinband.fusion.interface import Fusion
from twinband.fusion.segmentation import Segmenter, table_of
from twinband.fusion_scores.facts import (
    AVERAGE,
    COMPARED,
    INFRARED,
    VISIBLE,
    Difference,
    EvaluateFusionFacts,
    MethodFacts,
    Segmented,
)
from twinband.fusion_scores.judged import judged
from twinband.fusion_scores.methods import cost_of
from twinband.fusion_scores.params import EvaluateFusionParams
from twinband.fusion_scores.pictures import Example, scores_figure, side_by_side
from twinband.fusion_scores.retrained import retrained
from twinband.metrics.bootstrap import paired_interval
from twinband.metrics.fusion import METRICS, fusion_scores, grey
from twinband.metrics.segmentation import Counts, mean_iou
from twinband.shards.product import read_manifest
from twinband.shards.read import Dataset, open_products
from twinband.shards.registered import RegisteredPair, registered_pair

EXAMPLES = ("day", "night", "unknown")


@dataclass(slots=True)
class Measured:
    """Findings on a method, pair by pair.

    Attributes:
        scores: of each pair, by metric.
        counts: confusion matrix of each pair, by the frozen segmenter.
    """

    scores: list[dict[str, float]] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome.

    Attributes:
        facts: all numbers.
        pictures: by file name.
    """

    facts: EvaluateFusionFacts
    pictures: Mapping[str, bytes]


def compare(
    params: EvaluateFusionParams,
    methods: Mapping[str, Fusion],
    digests: Mapping[str, str],
    pairs: Path,
    registered: Path,
    segmenter: Segmenter | None,
    *,
    run: Run,
) -> Compared:
    """Fuse by every method, score and judge what comes out.

    Args:
        digests: of the trained models' weights.
        pairs, registered: products of the dataset.

    Raises:
        InputError: the products do not fit together, or there are no pairs to test on.
    """
    torch.set_num_threads(params.threads)
    known = _registered_pairs(pairs, registered)
    unseen = [row for row in known if row["split"] != "train"]
    if len(unseen) < 2:
        raise InputError(f"{pairs}: fewer than two registered pairs that are not trained on")
    chosen = _evenly(unseen, params.pairs)
    data = _opened(pairs, registered, chosen)
    hours = [row["hour"] or "unknown" for row in chosen]
    table = table_of(params.classes, segmenter.names) if segmenter else None
    measured = {name: Measured() for name in methods}
    examples: dict[str, Example] = {}
    for row in range(len(data)):
        pair = registered_pair(data[row])
        images = {name: fusion.fuse(pair.rgb, pair.thermal) for name, fusion in methods.items()}
        for name, image in images.items():
            measured[name].scores.append(_scored(pair, image, params.definition))
            truth = pair.labels.get("semantics")
            if segmenter and table is not None and truth is not None:
                counts = judged(segmenter.probabilities, len(segmenter.names), image, table[truth])
                measured[name].counts.append(counts)
        if hours[row] in EXAMPLES and hours[row] not in examples:
            examples[hours[row]] = Example(hours[row], images, _point_of_interest(pair))
        run.progress(row + 1, len(data))
    judges = segmenter if all(m.counts for m in measured.values()) else None
    facts = _facts(params, methods, digests, measured, hours, judges)
    if params.retrained and params.retrained.method != "none":
        taught = _opened(pairs, registered, [row for row in known if row["split"] == "train"])
        tested = _opened(pairs, registered, unseen)
        found = retrained(params.retrained, methods, taught, tested, run)
        facts = facts.model_copy(update={"retrained": found})
    pictures = {f"{name}.jpg": side_by_side(example) for name, example in examples.items()}
    return Compared(facts, {**pictures, "scores.svg": scores_figure(facts.methods)})


def _registered_pairs(pairs: Path, registered: Path) -> list[dict[str, Any]]:
    rows = read_manifest(registered, ["key", "status", "thermal_present"]).to_pylist()
    shown = {r["key"] for r in rows if r["status"] == "ok" and r["thermal_present"]}
    described = read_manifest(pairs, ["key", "split", "hour"]).to_pylist()
    return [row for row in described if row["key"] in shown]


def _evenly(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [rows[place] for place in np.unique(places)]


def _opened(pairs: Path, registered: Path, rows: Sequence[dict[str, Any]]) -> Dataset:
    products = {"pairs": pairs, "registered": registered}
    return open_products(products, [row["key"] for row in rows])


def _scored(pair: RegisteredPair, image: NDArray[np.uint8], definition: str) -> dict[str, float]:
    infrared, visible = pair.thermal, grey(pair.rgb, definition)
    return fusion_scores(infrared, visible, grey(image, definition), definition)


def _point_of_interest(pair: RegisteredPair) -> tuple[int, int]:
    """Find the warmest part of the infrared image, row and column."""
    blurred = cv2.GaussianBlur(pair.thermal, (0, 0), pair.thermal.shape[0] / 24)
    row, column = np.unravel_index(int(blurred.argmax()), blurred.shape)
    return int(row), int(column)


def _facts(
    params: EvaluateFusionParams,
    methods: Mapping[str, Fusion],
    digests: Mapping[str, str],
    measured: Mapping[str, Measured],
    hours: Sequence[str],
    segmenter: Segmenter | None,
) -> EvaluateFusionFacts:
    better = None
    if segmenter is not None:
        better = max((VISIBLE, INFRARED), key=lambda name: _miou(measured[name].counts))
    described = {}
    for name, fusion in methods.items():
        cost = cost_of(fusion)
        described[name] = MethodFacts(
            scores=_means(measured[name].scores),
            above_average=_above_average(measured, name, params.seed),
            segmented=_segmented(measured, name, better, hours, params.seed) if better else None,
            macs_a_pixel=cost[0] if cost else None,
            parameters=cost[1] if cost else None,
        )
    scales = {metric.name: metric.describe(params.definition) for metric in METRICS}
    return EvaluateFusionFacts(
        dataset=params.dataset,
        pairs=len(hours),
        definition=params.definition,
        scales=scales,
        better_single=better,
        segmenter_classes=_classes_met(measured, segmenter) if segmenter else [],
        methods=described,
        products=dict(digests),
    )


def _means(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average over pairs what is defined for all of them."""
    table = {name: np.asarray([pair[name] for pair in scores]) for name in scores[0]}
    return {
        name: float(values.mean()) for name, values in table.items() if np.isfinite(values).all()
    }


def _above_average(measured: Mapping[str, Measured], name: str, seed: int) -> dict[str, Difference]:
    if name == AVERAGE:
        return {}
    differences = {}
    for metric in COMPARED:
        own, average = (
            np.asarray([pair[metric] for pair in measured[m].scores]) for m in (name, AVERAGE)
        )
        if np.isfinite(own).all() and np.isfinite(average).all():
            found = paired_interval(_mean_of(own), _mean_of(average), len(own), seed)
            differences[metric] = Difference.of(found)
    return differences


def _mean_of(values: NDArray[np.float64]) -> Callable[[NDArray[np.int64]], float]:
    return lambda weights: float(np.average(values, weights=weights))


def _segmented(
    measured: Mapping[str, Measured], name: str, better: str, hours: Sequence[str], seed: int
) -> Segmented:
    own, single = (np.stack(measured[each].counts) for each in (name, better))
    by_hour = {
        hour: _miou(own[np.asarray(hours) == hour]) for hour in in_reading_order(sorted(set(hours)))
    }
    found = paired_interval(_miou_of(own), _miou_of(single), len(own), seed)
    return Segmented(miou=_miou(own), by_hour=by_hour, above_single=Difference.of(found))


def _miou_of(counts: Counts) -> Callable[[NDArray[np.int64]], float]:
    return lambda weights: float(mean_iou(np.tensordot(weights, counts, axes=1)))


def _miou(counts: Sequence[Counts] | Counts) -> float:
    return float(mean_iou(np.sum(np.asarray(counts), axis=0)))


def _classes_met(measured: Mapping[str, Measured], segmenter: Segmenter) -> list[str]:
    total = np.sum(measured[VISIBLE].counts, axis=0)
    return [name for name, pixels in zip(segmenter.names, total.sum(1), strict=True) if pixels]
