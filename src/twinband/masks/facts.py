"""Facts of a dataset's masks, and its data card."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinband.core.params import Facts
from twinband.drawing import OVERALL

MODALITIES = ("rgb", "thermal")
BOTH = "both"
SCORED, NO_TRUTH, OTHER_GRID = "scored", "no_truth", "other_grid"
TRUTHS = {
    SCORED: "scored against it",
    NO_TRUTH: "without one",
    OTHER_GRID: "on the pixels of thermal, where the truth is not",
}


class ImageFacts(Facts):
    """Images of one modality.

    Attributes:
        images: labelled ones.
        absent: images that count as absent.
        masks: of all images together.
        masks_mean: masks of an image.
        without_masks: labelled images in which nothing was found.
    """

    images: int
    absent: int
    masks: int
    masks_mean: float
    without_masks: int


class ObjectFacts(Facts):
    """Coverage of objects by masks; nothing but ``objects`` where there are none.

    Attributes:
        objects: their number.
        mean_iou: mean over the objects of the IoU with the mask that fits best.
        recall: share of the objects with a mask of an IoU of at least 0.5.
    """

    objects: int
    mean_iou: float | None = None
    recall: float | None = None


class MaskFacts(Facts):
    """facts/sam_masks/D.json.

    Attributes:
        weights: name of the SAM's weights.
        fingerprint: of the annotator.
        pairs: all of the dataset.
        images: by modality.
        pairs_by_truth: pairs by the status of their truth.
        scores: by modality and of ``both`` together, then by hour and ``overall``; empty where no
            pair has a truth.
        product: identity of the product.
    """

    weights: str
    fingerprint: str
    pairs: int
    images: dict[str, ImageFacts]
    pairs_by_truth: dict[str, int]
    scores: dict[str, dict[str, ObjectFacts]] = {}
    product: str = ""

    def headline(self) -> dict[str, float]:
        """List the numbers by which the masks of datasets are compared."""
        numbers = {f"masks_mean_{name}": self.images[name].masks_mean for name in MODALITIES}
        for name, hours in self.scores.items():
            if (mean := hours[OVERALL].mean_iou) is not None:
                numbers[f"mean_best_iou_{name}"] = mean
        return {"pairs": self.pairs, **numbers}


def image_facts(counts: Sequence[int | None]) -> ImageFacts:
    """Add up the masks of each image, None for an absent one."""
    present = [count for count in counts if count is not None]
    return ImageFacts(
        images=len(present),
        absent=len(counts) - len(present),
        masks=sum(present),
        masks_mean=sum(present) / len(present) if present else 0.0,
        without_masks=present.count(0),
    )


def card(dataset: str, facts: MaskFacts, annotator: Mapping[str, Any], scored: str) -> str:
    """Write Markdown with a YAML front matter: the annotator, what it found and how good it is.

    Args:
        annotator: what there is to say of it, value by name.
        scored: which objects were scored, a sentence.
    """
    rows = {
        "images": "images",
        "images that count as absent": "absent",
        "masks": "masks",
        "masks an image": "masks_mean",
        "images without a mask": "without_masks",
    }
    plain = facts.plain()
    lines = [
        "---",
        f"pretty_name: {dataset}, masks",
        "tags: [rgb-thermal, segmentation, webdataset]",
        "---",
        f"# {dataset}: masks",
        "",
        f"Automatic masks by SAM of the RGB and the thermal images of {facts.pairs} pairs, each "
        "modality its own list. They are predictions, not annotations by people; the images' own "
        "licence (see the card of `pairs`) and that of the weights hold for them too.",
        "",
        "| what | rgb | thermal |",
        "|---|---|---|",
        *(
            f"| {words} | "
            + " | ".join(str(plain["images"][modality][name]) for modality in MODALITIES)
            + " |"
            for words, name in rows.items()
        ),
        "",
        "Pairs by their truth: "
        + ", ".join(f"{count} {TRUTHS[name]}" for name, count in facts.pairs_by_truth.items())
        + ".",
        "",
        *(_scores(facts, scored) if facts.scores else []),
        "## Annotator",
        "",
        "| what | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in annotator.items()),
        "",
        "A sample holds `rgb.json` and, unless the thermal image counts as absent, `thermal.json`: "
        "`height`, `width`, the `sha256` of the labelled pixels, and `masks`, largest first, with "
        "the keys of segment_anything (`stability_score` is null for a mask without a pixel above "
        "the lower cut) and `rle`, uncompressed COCO run lengths. No masks is a result too. "
        "`twinband.masks.read.MaskReader` reads them.",
        "",
    ]
    return "\n".join(lines)


def _scores(facts: MaskFacts, scored: str) -> list[str]:
    rows = [
        f"| {name} | {hour} | {score.objects} | {score.mean_iou:.3f} | {score.recall:.3f} |"
        for name, hours in facts.scores.items()
        for hour, score in hours.items()
        if score.objects and (hour == OVERALL or name != BOTH)
    ]
    return [
        "## Against the truth",
        "",
        "| images | hour | objects | mean best IoU | recall at IoU 0.5 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        scored,
        "",
    ]
