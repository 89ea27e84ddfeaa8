"""Numbers of a dataset's labels, for metrics/ and for the card."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.annotators.labellers._base import Kind
from twinband.annotators.pseudo_labels.labeller import LabelSpec
from twinband.annotators.pseudo_labels.truth import VOID, iou_of_classes
from twinband.shards.counts import count_values
from twinband.text import in_reading_order

OVERALL = "overall"
DECIMALS = 4
METRIC, ALIGNED = "metres as they are", "after scale and shift by least squares"
Rows = Sequence[Mapping[str, Any]]


def facts(
    kind: Kind,
    manifest: pa.Table,
    hours: Mapping[str, str],
    spec: LabelSpec,
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Counts, consistency and, where a truth is known, scores by hour and overall.

    Args:
        manifest: of the product.
        hours: hour of the day of each pair by key.
        classes: names of the truth's class ids.
    """
    rows = [row for row in manifest.to_pylist() if row["status"] == "ok"]
    found: dict[str, Any] = {
        "annotator": spec.name,
        "fingerprint": spec.annotator,
        "images": len(rows),
        "absent": manifest.num_rows - len(rows),
        "modalities": count_values(manifest["modality"]),
    }
    measured = ["consistency_flip", "consistency_scale"] if spec.zoom else []
    measured += ["confidence"] if kind == "semantics" else []
    if rows:
        found |= {name: _spread(rows, name) for name in measured}
    scored = [row for row in rows if row["abs_rel" if kind == "depth" else "miou"] is not None]
    if scored and kind == "depth":
        found["compared"] = ALIGNED if scored[0]["scale_m"] is None else METRIC
        found["scores"] = {
            hour: {"images": len(those), **_means(those, "abs_rel", "delta1")}
            for hour, those in _by_hour(scored, hours).items()
        }
    elif scored:
        found["scores"] = {
            hour: {"images": len(those), **_class_scores(_confusion(those, len(classes)))}
            for hour, those in _by_hour(scored, hours).items()
        }
        iou = iou_of_classes(_confusion(scored, len(classes))).tolist()
        named = zip(classes[VOID + 1 :], iou, strict=True)
        found["iou"] = {name: round(value, DECIMALS) for name, value in named if value == value}
    return found


def _by_hour(rows: Rows, hours: Mapping[str, str]) -> dict[str, Rows]:
    members = defaultdict(list)
    for row in rows:
        members[hours[row["key"]]].append(row)
    return {**{hour: members[hour] for hour in in_reading_order(sorted(members))}, OVERALL: rows}


def _confusion(rows: Rows, classes: int) -> NDArray[np.int64]:
    """Of all images together: small ones and rare classes must not weigh more than they do."""
    return np.sum([row["confusion"] for row in rows], axis=0).reshape(classes, classes)


def _class_scores(confusion: NDArray[np.int64]) -> dict[str, float]:
    miou = float(np.nanmean(iou_of_classes(confusion)))
    accuracy = float(np.trace(confusion) / confusion.sum())
    return {"miou": round(miou, DECIMALS), "pixel_accuracy": round(accuracy, DECIMALS)}


def _means(rows: Rows, *names: str) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), DECIMALS) for name in names}


def _spread(rows: Rows, name: str) -> dict[str, float]:
    low, median = np.percentile([row[name] for row in rows], (5, 50)).tolist()
    return {"p05": round(low, DECIMALS), "median": round(median, DECIMALS)}
