"""Facts of a dataset's masks, and its data card."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa
from pydantic import AfterValidator, Field

from twinband.core.params import Facts
from twinband.drawing import MODALITY_COLOURS, OVERALL, with_overall
from twinband.shards.product import count_values, markdown_card, markdown_table

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


def _of_both(images: dict[str, ImageFacts]) -> dict[str, ImageFacts]:
    if images.keys() != MODALITY_COLOURS.keys():
        raise ValueError(f"figures of {' and '.join(MODALITY_COLOURS)} are needed")
    return images


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
    images: Annotated[dict[str, ImageFacts], AfterValidator(_of_both)]
    pairs_by_truth: dict[str, int]
    scores: dict[str, Annotated[dict[str, ObjectFacts], AfterValidator(with_overall)]] = Field(
        default_factory=dict
    )
    product: str

    def headline(self) -> dict[str, float]:
        """List the numbers by which the masks of datasets are compared."""
        numbers = {f"masks_mean_{name}": images.masks_mean for name, images in self.images.items()}
        for name, hours in self.scores.items():
            if (mean := hours[OVERALL].mean_iou) is not None:
                numbers[f"mean_best_iou_{name}"] = mean
        return {"pairs": self.pairs, **numbers}


def facts_of(
    rows: pa.Table,
    scores: Mapping[str, Mapping[str, ObjectFacts]],
    *,
    weights: str,
    fingerprint: str,
    product: str = "",
) -> MaskFacts:
    """Count images and masks, by the manifest's rows.

    Args:
        scores: by modality and hour.
    """
    return MaskFacts(
        weights=weights,
        fingerprint=fingerprint,
        pairs=rows.num_rows,
        images={
            name: _image_facts(rows[f"masks_{name}"].to_pylist()) for name in ("rgb", "thermal")
        },
        pairs_by_truth=count_values(rows["truth"]),
        scores={name: dict(hours) for name, hours in scores.items()},
        product=product,
    )


def _image_facts(counts: Sequence[int | None]) -> ImageFacts:
    present = [count for count in counts if count is not None]
    return ImageFacts(
        images=len(present),
        absent=len(counts) - len(present),
        masks=sum(present),
        masks_mean=sum(present) / len(present) if present else 0.0,
        without_masks=present.count(0),
    )


def card(dataset: str, facts: MaskFacts, annotator: Mapping[str, Any], scored: str) -> str:
    """Write the data card: the annotator, what it found, and how good that is.

    Args:
        annotator: what there is to say of it, value by name.
        scored: which objects were scored, a sentence.
    """
    images = facts.plain()["images"]
    rows = {
        "images": "images",
        "images that count as absent": "absent",
        "masks": "masks",
        "masks an image": "masks_mean",
        "images without a mask": "without_masks",
    }
    truths = [f"{count} {TRUTHS[name]}" for name, count in facts.pairs_by_truth.items()]
    return markdown_card(
        f"{dataset}: masks",
        ["rgb-thermal", "segmentation", "webdataset"],
        f"Automatic masks by SAM of the RGB and the thermal images of {facts.pairs} pairs, each "
        "modality its own list. They are predictions, not annotations by people; the images' own "
        "licence (see the card of `pairs`) and that of the weights hold for them too.",
        markdown_table(
            ("what", *images),
            [(words, *(part[name] for part in images.values())) for words, name in rows.items()],
        ),
        f"Pairs by their truth: {', '.join(truths)}.",
        *(_scores(facts, scored) if facts.scores else ()),
        "## Annotator",
        markdown_table(("what", "value"), list(annotator.items())),
        "A sample holds `rgb.json` and, unless the thermal image counts as absent, `thermal.json`: "
        "`height`, `width`, the `sha256` of the labelled pixels, and `masks`, largest first, with "
        "the keys of segment_anything (`stability_score` is null for a mask without a pixel above "
        "the lower cut) and `rle`, uncompressed COCO run lengths. No masks is a result too. "
        "`twinband.masks.read.MaskReader` reads them.",
        pretty_name=f"{dataset}, masks",
    )


def _scores(facts: MaskFacts, scored: str) -> tuple[str, str, str]:
    rows = [
        (name, hour, score.objects, f"{score.mean_iou:.3f}", f"{score.recall:.3f}")
        for name, hours in facts.scores.items()
        for hour, score in hours.items()
        if score.objects and (hour == OVERALL or name != BOTH)
    ]
    head = ("images", "hour", "objects", "mean best IoU", "recall at IoU 0.5")
    return "## Against the truth", markdown_table(head, rows), scored
