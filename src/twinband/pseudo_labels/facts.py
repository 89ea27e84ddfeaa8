"""The data card of a dataset's labels.

Numbers of a dataset's labels, for metrics/ and for the card.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twinband.drawing import in_reading_order
from twinband.pseudo_labels.annotator import LabelSpec
from twinband.pseudo_labels.label import Kind
from twinband.pseudo_labels.truth import VOID, iou_of_classes
from twinband.shards.product import card_lines, count_values

FIELDS: Mapping[Kind, str] = {
    "depth": "A sample holds `depth.png` (16 bits) and `json`: value = `offset` + `scale` * level, "
    "in the `unit` that stands there; `inverse` values are the greater, the nearer. With "
    "`scale_m` a distance is `scale_m` / value metres (inverse) or `scale_m` * value. "
    "`twinband.pseudo_labels.label.read_depth` reads it.",
    "semantics": "A sample holds `classes.png` (indices of `classes.json` beside the shards; 16 "
    "bits if there are more than 255), `json` with the image's mean `confidence` (the best "
    "class's share of all classes' scores), and, if they were asked for, the likeliest classes "
    "of each pixel and their scores (`top_classes.npy`, `top_scores.npy`, `K,H,W`).",
}


def card(
    kind: Kind,
    dataset: str,
    spec: LabelSpec,
    rule: str,
    names: Sequence[str],
    found: Mapping[str, Any],
) -> str:
    """Markdown with a YAML front matter: who labelled, how, and how far to trust it.

    Args:
        rule: how large the annotator is shown an image.
        names: of the annotator's classes.
        found: what ``facts`` gives.
    """
    versions = ", ".join(f"{name} {number}" for name, number in spec.facts["versions"].items())
    lines = [
        "---",
        f"pretty_name: {dataset}, {kind}",
        f"tags: [rgb-thermal, {kind}, webdataset]",
        "---",
        f"# {dataset}: {kind}",
        "",
        f"Labels of {found['images']} images by `{spec.name}`. They are predictions, not "
        "annotations by people; the images' own licence (see the card of `pairs`) and that of the "
        "weights hold for them too.",
        "",
        "| what | images |",
        "|---|---|",
        *card_lines("labelled", found["modalities"]),
        f"| without an image to label | {found['absent']} |",
        "",
        *(_trust(found) if spec.zoom else []),
        *_scores(found),
        "## Annotator",
        "",
        "| what | value |",
        "|---|---|",
        f"| weights | {spec.weights.name} |",
        f"| SHA-256 of the weights | {spec.weights.sha256} |",
        f"| an image is shown | {rule} |",
        *(f"| {name} | {value} |" for name, value in spec.options),
        f"| device | {spec.device}, {spec.threads} threads |",
        f"| versions | {versions} |",
        f"| fingerprint of all this | {spec.annotator} |",
        *([f"| classes | {', '.join(names)} |"] if names else []),
        "",
        FIELDS[kind],
        "",
    ]
    return "\n".join(lines)


def _trust(found: Mapping[str, Any]) -> list[str]:
    kept = ("consistency_flip", "consistency_scale", "confidence")
    rows = [
        f"| {name.replace('_', ' ')} | {found[name]['median']:.3f} | {found[name]['p05']:.3f} |"
        for name in kept
        if name in found
    ]
    return [
        "| of an image, in `manifest.parquet` | median | 5 % are below |",
        "|---|---|---|",
        *rows,
        "",
        "Consistency is the agreement with the label of the mirrored image, and with that of the "
        "image shown at another size: of classes the share of equal pixels, of depth 1 less the "
        "mean difference relative to the mean. 1 is full agreement.",
        "",
    ]


def _scores(found: Mapping[str, Any]) -> list[str]:
    if "scores" not in found:
        return ["No truth is known to score these labels against.", ""]
    names = [name for name in next(iter(found["scores"].values())) if name != "images"]
    rows = [
        f"| {hour} | {each['images']} | " + " | ".join(f"{each[n]:.3f}" for n in names) + " |"
        for hour, each in found["scores"].items()
    ]
    head = [name.replace("_", " ") for name in names]
    return [
        f"## Against the truth{': ' + found['compared'] if 'compared' in found else ''}",
        "",
        f"| hour | images | {' | '.join(head)} |",
        "|---|---|" + "---|" * len(names),
        *rows,
        "",
    ]


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


def headline(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The numbers that a dataset's labels are compared by.

    Args:
        facts: by kind of labels.
    """
    numbers = {
        "images": facts["depth"]["images"],
        "abs_rel": facts["depth"].get("scores", {}).get(OVERALL, {}).get("abs_rel"),
        "miou": facts["semantics"].get("scores", {}).get(OVERALL, {}).get("miou"),
        "depth_consistency": facts["depth"].get("consistency_flip", {}).get("median"),
        "semantics_consistency": facts["semantics"].get("consistency_flip", {}).get("median"),
    }
    return {name: number for name, number in numbers.items() if number is not None}


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
