"""The data card of a dataset's masks.

Numbers of a dataset's masks, for metrics/ and for the card.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from twinband.drawing import in_reading_order
from twinband.labels.images import LEAST_CONTRAST, MODALITIES, RING_PX
from twinband.masks.annotator import SamSpec
from twinband.masks.truth import NO_TRUTH, OTHER_GRID, SCORED
from twinband.metrics.masks import ObjectScores
from twinband.shards.product import count_values

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
        found["scores"] = _score_facts(scored, hours)
    return found


def headline(facts: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that a dataset's masks are compared by."""
    numbers = {f"masks_mean_{m}": facts["images"][m]["masks_mean"] for m in MODALITIES}
    for name, hours in facts.get("scores", {}).items():
        if "mean_iou" in hours[OVERALL]:
            numbers[f"mean_best_iou_{name}"] = hours[OVERALL]["mean_iou"]
    return {"pairs": facts["pairs"], **numbers}


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


def _score_facts(rows: Iterable[Mapping[str, Any]], hours: Mapping[str, str]) -> dict[str, Any]:
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


TRUTHS = {
    SCORED: "scored against it",
    NO_TRUTH: "without one",
    OTHER_GRID: "on the pixels of thermal, where the truth is not",
}


def card(dataset: str, spec: SamSpec, least_px: int, found: Mapping[str, Any]) -> str:
    """Markdown with a YAML front matter: who labelled, how, what was found and how good it is.

    Args:
        least_px: smaller objects were not scored.
        found: what ``facts`` gives.
    """
    images = found["images"]
    versions = ", ".join(f"{name} {number}" for name, number in spec.facts["versions"].items())
    lines = [
        "---",
        f"pretty_name: {dataset}, masks",
        "tags: [rgb-thermal, segmentation, webdataset]",
        "---",
        f"# {dataset}: masks",
        "",
        f"Automatic masks by SAM of the RGB and the thermal images of {found['pairs']} pairs, each "
        "modality its own list. They are predictions, not annotations by people; the images' own "
        "licence (see the card of `pairs`) and that of the weights hold for them too.",
        "",
        "| what | rgb | thermal |",
        "|---|---|---|",
        *(
            f"| {what} | " + " | ".join(str(images[m][name]) for m in MODALITIES) + " |"
            for what, name in (
                ("images", "images"),
                ("images that count as absent", "absent"),
                ("masks", "masks"),
                ("masks an image", "masks_mean"),
                ("images without a mask", "without_masks"),
            )
        ),
        "",
        "Pairs by their truth: "
        + ", ".join(f"{count} {TRUTHS[name]}" for name, count in found["pairs_by_truth"].items())
        + ".",
        "",
        *(_scores(found, least_px) if "scores" in found else []),
        "## Annotator",
        "",
        "| what | value |",
        "|---|---|",
        f"| weights | {spec.weights.name} |",
        f"| SHA-256 of the weights | {spec.weights.sha256} |",
        *(f"| {name} | {value} |" for name, value in spec.facts["settings"].items()),
        f"| device | {spec.device}, {spec.threads} threads |",
        f"| channel order | {spec.facts['channel_order']}; thermal as three equal channels |",
        f"| versions | {versions} |",
        f"| fingerprint of all this | {spec.annotator} |",
        "",
        "A sample holds `rgb.json` and, unless the thermal image counts as absent, `thermal.json`: "
        "`height`, `width`, the `sha256` of the labelled pixels, and `masks`, largest first, with "
        "the keys of segment_anything (`stability_score` is null for a mask without a pixel above "
        "the lower cut) and `rle`, uncompressed COCO run lengths. No masks is a result too. "
        "`twinband.masks.read.MaskCache` reads them.",
        "",
    ]
    return "\n".join(lines)


def _scores(found: Mapping[str, Any], least_px: int) -> list[str]:
    scores = found["scores"]
    rows = [
        f"| {name} | {hour} | {each['objects']} | {each['mean_iou']:.3f} | {each['recall']:.3f} |"
        for name in (*MODALITIES, BOTH)
        for hour, each in scores[name].items()
        if each["objects"] and (hour == OVERALL or name != BOTH)
    ]
    return [
        "## Against the truth",
        "",
        "| images | hour | objects | mean best IoU | recall at IoU 0.5 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Objects of {least_px} px and more which the labelled image shows: in some channel their "
        f"mean grey level differs by at least {LEAST_CONTRAST:g} of 255 from that of the "
        f"{RING_PX} px around them.",
        "",
    ]
