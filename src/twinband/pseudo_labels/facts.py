"""The data card of a dataset's labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinband.annotators.labellers._base import Kind
from twinband.annotators.pseudo_labels.labeller import LabelSpec
from twinband.shards.counts import card_lines

FIELDS: Mapping[Kind, str] = {
    "depth": "A sample holds `depth.png` (16 bits) and `json`: value = `offset` + `scale` * level, "
    "in the `unit` that stands there; `inverse` values are the greater, the nearer. With "
    "`scale_m` a distance is `scale_m` / value metres (inverse) or `scale_m` * value. "
    "`twinband.annotators.pseudo_labels.encode.read_depth` reads it.",
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
