"""Numbers of a dataset's masks, for metrics/ and for the card."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from twinband.annotators.images import MODALITIES
from twinband.annotators.masks_truth import SCORED
from twinband.metrics.masks import ObjectScores
from twinband.shards.counts import count_values
from twinband.text import in_reading_order

OVERALL = "overall"
BOTH = "both"
DECIMALS = 4


def facts(manifest: pa.Table, hours: Mapping[str, str]) -> dict[str, Any]:
    """Counts of images and masks, and scores if any pair has a truth.

    Args:
        manifest: of the product ``masks``.
        hours: hour of the day of each pair by key.
    """
    rows = manifest.to_pylist()
    found: dict[str, Any] = {
        "pairs": len(rows),
        "images": {modality: _counts(rows, modality) for modality in MODALITIES},
        "pairs_by_truth": count_values(manifest["truth"]),
    }
    scored = [row for row in rows if row["truth"] == SCORED]
    if scored:
        found["scores"] = _scores(scored, hours)
    return found


def _counts(rows: Iterable[Mapping[str, Any]], modality: str) -> dict[str, Any]:
    counts = [row[f"masks_{modality}"] for row in rows]
    present = [count for count in counts if count is not None]
    return {
        "images": len(present),
        "absent": len(counts) - len(present),
        "masks": sum(present),
        "masks_mean": round(sum(present) / len(present), DECIMALS) if present else 0.0,
        "without_masks": present.count(0),
    }


def _scores(rows: Iterable[Mapping[str, Any]], hours: Mapping[str, str]) -> dict[str, Any]:
    """By modality (and of both together), then by hour and overall."""
    ious: dict[str, dict[str, list[float]]] = {name: {OVERALL: []} for name in (*MODALITIES, BOTH)}
    for row in rows:
        for modality in MODALITIES:
            values = row[f"object_iou_{modality}"] or []
            for name in (modality, BOTH):
                ious[name].setdefault(hours[row["key"]], []).extend(values)
                ious[name][OVERALL] += values
    return {
        name: {hour: _rounded(each[hour]) for hour in in_reading_order(sorted(each))}
        for name, each in ious.items()
    }


def _rounded(ious: Iterable[float]) -> dict[str, float | int]:
    scores = ObjectScores.of(ious)
    if scores is None:
        return {"objects": 0}
    return {
        "objects": scores.objects,
        "mean_iou": round(scores.mean_iou, DECIMALS),
        "recall": round(scores.recall, DECIMALS),
    }
