"""Figures of a dataset's labels: counts, consistency, and scores by hour where a truth is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.drawing import by_hour_and_overall
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.facts import (
    ALIGNED,
    METRIC,
    ClassFacts,
    ClassScore,
    DepthFacts,
    DepthScore,
    Spread,
)
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.truth import VOID, iou_of_classes
from twinband.shards.product import count_values

Rows = Sequence[Mapping[str, Any]]


def facts_of(
    kind: Kind,
    manifest: pa.Table,
    hours: Mapping[str, str],
    spec: LabelSpec,
    classes: tuple[str, ...],
    product: str = "",
) -> DepthFacts | ClassFacts:
    """Count images and average their scores, by the manifest's rows.

    Args:
        hours: hour of the day of each pair by key.
        spec: of the annotator.
        classes: names of the truth's class ids.
    """
    rows = [row for row in manifest.to_pylist() if row["status"] == "ok"]
    shared: dict[str, Any] = {
        "annotator": spec.name,
        "fingerprint": spec.annotator,
        "images": len(rows),
        "absent": manifest.num_rows - len(rows),
        "modalities": count_values(manifest["modality"]),
        "product": product,
    }
    if rows and spec.zoom:
        shared |= {n: _spread(rows, n) for n in ("consistency_flip", "consistency_scale")}
    scored = [row for row in rows if row["abs_rel" if kind == "depth" else "miou"] is not None]
    groups = by_hour_and_overall(scored, lambda row: hours[row["key"]]) if scored else {}
    if kind == "depth":
        return DepthFacts(
            **shared,
            compared=_compared(scored[0]) if scored else None,
            scores={hour: _depth_score(members) for hour, members in groups.items()},
        )
    return ClassFacts(
        **shared,
        confidence=_spread(rows, "confidence") if rows else None,
        scores={hour: _class_score(members, len(classes)) for hour, members in groups.items()},
        iou=_iou_by_class(scored, classes) if scored else {},
    )


def _spread(rows: Rows, name: str) -> Spread:
    low, median = np.percentile([row[name] for row in rows], (5, 50)).tolist()
    return Spread(p05=low, median=median)


def _compared(row: Mapping[str, Any]) -> str:
    return ALIGNED if row["scale_m"] is None else METRIC


def _depth_score(rows: Rows) -> DepthScore:
    abs_rel, delta1 = (
        float(np.mean([row[name] for row in rows])) for name in ("abs_rel", "delta1")
    )
    return DepthScore(images=len(rows), abs_rel=abs_rel, delta1=delta1)


def _class_score(rows: Rows, classes: int) -> ClassScore:
    confusion = _confusion(rows, classes)
    return ClassScore(
        images=len(rows),
        miou=float(np.nanmean(iou_of_classes(confusion))),
        pixel_accuracy=float(np.trace(confusion) / confusion.sum()),
    )


def _iou_by_class(rows: Rows, classes: Sequence[str]) -> dict[str, float]:
    """Compute the IoU of every class but void that is in truth or prediction."""
    iou = iou_of_classes(_confusion(rows, len(classes))).tolist()
    named = zip(classes[VOID + 1 :], iou, strict=True)
    return {name: value for name, value in named if not np.isnan(value)}


def _confusion(rows: Rows, classes: int) -> NDArray[np.int64]:
    """Add up all images: small ones and rare classes must not weigh more than they do."""
    return np.sum([row["confusion"] for row in rows], axis=0).reshape(classes, classes)
