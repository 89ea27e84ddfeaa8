"""Facts of a dataset's pseudo-labels, and the data cards of depth and classes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from twinband.core.params import Facts
from twinband.drawing import OVERALL, with_overall
from twinband.shards.product import count_rows, markdown_card, markdown_table

METRIC, ALIGNED = "metres as they are", "after scale and shift by least squares"
FIELDS: Mapping[str, str] = {
    "depth": "A sample holds `depth.png` (16 bits) and `json`: value = `offset` + `scale` * level, "
    "in the `unit` that stands there; `inverse` values are the greater, the nearer. With "
    "`scale_m` a distance is `scale_m` / value metres (inverse) or `scale_m` * value. "
    "`twinband.pseudo_labels.label.read_depth` reads it.",
    "semantics": "A sample holds `classes.png` (indices of `classes.json` beside the shards; 16 "
    "bits if there are more than 255), `json` with the image's mean `confidence` (the best "
    "class's share of all classes' scores), and, if they were asked for, the likeliest classes "
    "of each pixel and their scores (`top_classes.npy`, `top_scores.npy`, `K,H,W`).",
}


class Spread(Facts):
    """Spread of a quantity over images: the value that 5 % are below, and the median."""

    p05: float
    median: float


class DepthScore(Facts):
    """Scores of depth, means over images."""

    images: int
    abs_rel: float
    delta1: float


class ClassScore(Facts):
    """Scores of classes over all pixels of some images together."""

    images: int
    miou: float
    pixel_accuracy: float


class LabelFacts(Facts):
    """Facts that depth and classes share.

    Attributes:
        annotator: its name.
        fingerprint: of the annotator.
        images: labelled ones.
        absent: pairs without an image to label.
        modalities: labelled images by modality.
        consistency_flip, consistency_scale: agreement with the label of the mirrored image, and
            of the image at another size, in [0, 1]; None where it was not measured.
        product: identity of the product.
    """

    annotator: str
    fingerprint: str
    images: int
    absent: int
    modalities: dict[str, int]
    consistency_flip: Spread | None = None
    consistency_scale: Spread | None = None
    product: str


class DepthFacts(LabelFacts):
    """Facts of depth.

    Attributes:
        compared: how labels were brought to the truth's unit; None where no truth is known.
        scores: by hour and ``overall``; empty where no truth is known.
    """

    compared: str | None = None
    scores: Annotated[dict[str, DepthScore], AfterValidator(with_overall)] = Field(
        default_factory=dict
    )


class ClassFacts(LabelFacts):
    """Facts of classes.

    Attributes:
        confidence: mean over an image of the best class's share of all scores.
        scores: by hour and ``overall``; empty where no truth is known.
        iou: by class, of those that are in the truth or were predicted.
    """

    confidence: Spread | None = None
    scores: Annotated[dict[str, ClassScore], AfterValidator(with_overall)] = Field(
        default_factory=dict
    )
    iou: dict[str, float] = Field(default_factory=dict)


class PseudoLabelFacts(Facts):
    """facts/pseudo_labels/D.json."""

    depth: DepthFacts
    semantics: ClassFacts

    def headline(self) -> dict[str, float]:
        """List the numbers by which the labels of datasets are compared."""
        depth, semantics = self.depth, self.semantics
        numbers: dict[str, float] = {"images": depth.images}
        if depth.scores:
            numbers["abs_rel"] = depth.scores[OVERALL].abs_rel
        if semantics.scores:
            numbers["miou"] = semantics.scores[OVERALL].miou
        if depth.consistency_flip:
            numbers["depth_consistency"] = depth.consistency_flip.median
        if semantics.consistency_flip:
            numbers["semantics_consistency"] = semantics.consistency_flip.median
        return numbers


def card(
    kind: Literal["depth", "semantics"],
    dataset: str,
    facts: DepthFacts | ClassFacts,
    annotator: Mapping[str, Any],
    names: Sequence[str],
) -> str:
    """Write the data card: the annotator, its labels, and how far to trust them.

    Args:
        annotator: what there is to say of it, value by name.
        names: of its classes.
    """
    counts = [
        *count_rows("labelled", facts.modalities),
        ("without an image to label", facts.absent),
    ]
    rows = [*annotator.items(), *([("classes", ", ".join(names))] if names else [])]
    return markdown_card(
        f"{dataset}: {kind}",
        ["rgb-thermal", kind, "webdataset"],
        f"Labels of {facts.images} images by `{facts.annotator}`. They are predictions, not "
        "annotations by people; the images' own licence (see the card of `pairs`) and that of the "
        "weights hold for them too.",
        markdown_table(("what", "images"), counts),
        *_trust(facts),
        *_scores(facts),
        "## Annotator",
        markdown_table(("what", "value"), rows),
        FIELDS[kind],
        pretty_name=f"{dataset}, {kind}",
    )


def _trust(facts: LabelFacts) -> tuple[str, ...]:
    if facts.consistency_flip is None:
        return ()
    spreads = {
        "consistency flip": facts.consistency_flip,
        "consistency scale": facts.consistency_scale,
        "confidence": facts.confidence if isinstance(facts, ClassFacts) else None,
    }
    rows = [
        (name, f"{spread.median:.3f}", f"{spread.p05:.3f}")
        for name, spread in spreads.items()
        if spread
    ]
    return (
        markdown_table(("of an image, in `manifest.parquet`", "median", "5 % are below"), rows),
        "Consistency is the agreement with the label of the mirrored image, and with that of the "
        "image shown at another size: of classes the share of equal pixels, of depth 1 less the "
        "mean difference relative to the mean. 1 is full agreement.",
    )


def _scores(facts: DepthFacts | ClassFacts) -> tuple[str, ...]:
    if not facts.scores:
        return ("No truth is known to score these labels against.",)
    compared = facts.compared if isinstance(facts, DepthFacts) else None
    scores = {hour: score.model_dump() for hour, score in facts.scores.items()}
    head = ["hour", *(name.replace("_", " ") for name in scores[OVERALL])]
    rows = [
        (hour, score.pop("images"), *(f"{value:.3f}" for value in score.values()))
        for hour, score in scores.items()
    ]
    heading = "## Against the truth" + (f": {compared}" if compared else "")
    return heading, markdown_table(head, rows)
