"""The card of a shipped annotator."""

import itertools
from collections.abc import Mapping
from typing import Any

from twinband.params.sample_models import Lesson, SampleModel
from twinband.sample.annotators.train import TrainedAnnotator

WHAT = {
    "sam": "A small SAM (segment_anything's classes): automatic masks of RGB and thermal images.",
    "dpt": "A small DPT (transformers' DPTForDepthEstimation): inverse depth, 10 m / distance.",
    "mask2former": (
        "A small Mask2Former (transformers' Mask2FormerForUniversalSegmentation on a Swin):"
        " 13 classes of street scenes."
    ),
}
USE = {
    "sam": 'twinband.annotators.sam.load("models/sample/sam")',
    "dpt": 'DPTForDepthEstimation.from_pretrained("models/sample/dpt")',
    "mask2former": (
        'Mask2FormerForUniversalSegmentation.from_pretrained("models/sample/mask2former")'
    ),
}
OPTIMIZERS = {"adamw": "AdamW", "muon": "Muon with AdamW"}


def card(
    name: str, params: SampleModel, trained: TrainedAnnotator, scores: Mapping[str, Any]
) -> str:
    """Markdown with a YAML front matter: data, recipe, seed, time and scores.

    Args:
        name: of the model.
        scores: as ``scores.score`` gives them, of ``params.held_out`` scenes.
    """
    lines = [
        "---",
        "license: apache-2.0",
        "tags: [rgb-thermal, synthetic]",
        "---",
        f"# {name}",
        "",
        WHAT[params.recipe],
        "It was trained on rendered street scenes alone, so that the sample profile labels images"
        " with a trained network and nothing to download. Expect little of it on photographs.",
        "",
        "| what | value |",
        "|---|---|",
        f"| parameters | {trained.parameters:,}, stored in half precision |",
        f"| data | rendered scenes of twinband's sample world, {params.width_px}x"
        f"{params.height_px}; RGB and thermal in equal parts |",
        *map(_lesson, params.lessons, itertools.count(1)),
        f"| time | {trained.seconds / 60:.0f} minutes on one thread of two, another training"
        " beside it |",
        f"| use | `{USE[params.recipe]}` |",
        "",
        f"## Scores on {params.held_out} scenes that it never saw",
        "",
        *score_table(scores),
        "",
        f"`python -m twinband.sample.annotators {name}` gives them again; `make sample-models`"
        " trains again.",
        "",
    ]
    return "\n".join(lines)


def _lesson(lesson: Lesson, number: int) -> str:
    training = lesson.training
    return (
        f"| lesson {number} | {lesson.scenes} scenes of seed {lesson.seed}, {lesson.image_px} px"
        f" wide; {training.steps} steps of {training.batch_size} images,"
        f" {OPTIMIZERS[training.optimizer]}, learning rate {training.settings().lr:.2g},"
        f" {training.precision}, average of weights {training.ema_decay}, seed {training.seed} |"
    )


def score_table(scores: Mapping[str, Any]) -> list[str]:
    """Rows of a Markdown table: overall, then each modality overall and by hour."""
    names = list(scores["overall"])
    rows = [("both", "all", scores["overall"])]
    for modality in ("rgb", "thermal"):
        for hour, values in scores[modality].items():
            rows.append((modality, "all" if hour == "overall" else hour, values))
    return [
        f"| modality | hour | {' | '.join(name.replace('_', ' ') for name in names)} |",
        f"|---|---|{'---|' * len(names)}",
        *(
            f"| {modality} | {hour} | "
            + " | ".join(str(values.get(name, "")) for name in names)
            + " |"
            for modality, hour, values in rows
        ),
    ]
