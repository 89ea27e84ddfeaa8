"""Scores of the shipped annotators on held-out scenes, by modality and hour, and their cards.

``python -m twinband.sample_models.scores sam`` scores a shipped annotator again.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.markdown import Markdown
from tqdm import tqdm

from twinband.annotators import dpt, mask2former
from twinband.core.params import Runtime
from twinband.labels.images import MODALITIES, shows
from twinband.metrics.masks import ObjectScores, best_ious, large_objects
from twinband.metrics.segmentation import confusion_matrix, mean_iou
from twinband.pseudo_labels.truth import depth_scores
from twinband.sam.generate import AutomaticMasks
from twinband.sam.rle import decode
from twinband.sam.settings import MaskSettings
from twinband.sam.weights import load
from twinband.sample_models.params import Lesson, SampleModelsParams
from twinband.sample_models.scenes import HELD_OUT_SEED, LabelledScene, rendered_scenes
from twinband.sample_models.tasks import METRES
from twinband.sample_models.train import TrainedAnnotator
from twinband.shards.product import markdown_card, markdown_table
from twinband.weights import Weights
from twinband.world.classes import SCENE_CLASSES

DESCRIPTIONS = {
    "sam": "A small SAM (segment_anything's classes): automatic masks of RGB and thermal images.",
    "dpt": "A small DPT (transformers' DPTForDepthEstimation): inverse depth, 10 m / distance.",
    "mask2former": (
        "A small Mask2Former (transformers' Mask2FormerForUniversalSegmentation on a Swin):"
        " 13 classes of street scenes."
    ),
}
USAGES = {
    "sam": 'twinband.sam.load("models/sample/sam")',
    "dpt": 'DPTForDepthEstimation.from_pretrained("models/sample/dpt")',
    "mask2former": (
        'Mask2FormerForUniversalSegmentation.from_pretrained("models/sample/mask2former")'
    ),
}
OPTIMIZERS = {"adamw": "AdamW", "muon": "Muon with AdamW"}
LEAST_OBJECT_PX = 400
SIZE = (256, 192)
# The package's own grid, denser than the sample profile's, so that the model is scored and not the
# grid; thresholds for a model whose predicted IoU is modest.
SAM_SETTINGS = MaskSettings(
    points_per_side=32,
    pred_iou_thresh=0.2,
    stability_score_thresh=0.3,
    min_mask_region_area=30,
)
Scores = dict[str, Any]


class Scorer(Protocol):
    """The scoring of one kind of annotator: counts of single images, and sums over any set of
    them."""

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> Any:
        """Count one image of a scene."""
        ...

    def summary(self, counts: Iterable[Any]) -> Scores:
        """Sum up the counts of some images."""
        ...


class MaskScorer:
    """Scores of automatic masks against the objects that an image shows."""

    def __init__(self, folder: Path) -> None:
        self._masks = AutomaticMasks(load(folder), SAM_SETTINGS)

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> NDArray[np.float64]:
        """Compute the best IoU of each object."""
        shown = [m for m in large_objects(scene.instances, LEAST_OBJECT_PX) if shows(image, m)]
        masks = [decode(mask["rle"]) for mask in self._masks.generate(image)]
        return best_ious(np.stack(masks) if masks else np.empty((0, 1, 1), bool), shown)

    def summary(self, counts: Iterable[NDArray[np.float64]]) -> Scores:
        """Sum up objects, mean of their best IoU, and share with one of 0.5 or more."""
        scores = ObjectScores.of(np.concatenate(list(counts)))
        if scores is None:
            return {"objects": 0}
        return {
            "objects": scores.objects,
            "mean_best_iou": scores.mean_iou,
            "recall_50": scores.recall,
        }


class DepthScorer:
    """Scores of distances in metres, not aligned to the truth; the sky does not count."""

    def __init__(self, folder: Path) -> None:
        options = {"output": "inverse", "scale_m": METRES}
        self._annotator = dpt.open_annotator(_weights(folder), options, "cpu")

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> tuple[float, float]:
        """Compute AbsRel and delta1 of one image."""
        (label,) = self._annotator.labels([image])
        scores = depth_scores(scene.depth.astype(np.float64), label)
        assert scores is not None  # every street has a road
        return scores["abs_rel"], scores["delta1"]

    def summary(self, counts: Iterable[tuple[float, float]]) -> Scores:
        """Average over images."""
        relative, within = np.array(list(counts)).T
        return {
            "images": len(relative),
            "abs_rel": float(relative.mean()),
            "delta1": float(within.mean()),
        }


class SemanticsScorer:
    """Scores of classes of pixels; void does not count."""

    def __init__(self, folder: Path) -> None:
        self._annotator = mask2former.open_annotator(_weights(folder), {}, "cpu")
        self._void = len(SCENE_CLASSES) - 1

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> NDArray[np.int64]:
        """Compute the confusion matrix of one image; class ``i`` of the model is ``i + 1`` of
        the world."""
        (label,) = self._annotator.labels([image])
        truth = (scene.semantics.astype(np.int64) - 1) % len(SCENE_CLASSES)  # void comes last
        return confusion_matrix(truth, label.classes, self._void + 1, ignore=self._void)

    def summary(self, counts: Iterable[NDArray[np.int64]]) -> Scores:
        """Compute mIoU over all pixels, and the share of pixels that are right."""
        matrices = list(counts)
        total = np.sum(matrices, axis=0)[: self._void, : self._void]
        return {
            "images": len(matrices),
            "mean_iou": float(mean_iou(total)),
            "pixel_accuracy": float(np.trace(total) / total.sum()),
        }


SCORERS: Mapping[str, Callable[[Path], Scorer]] = {
    "sam": MaskScorer,
    "dpt": DepthScorer,
    "mask2former": SemanticsScorer,
}


def score(
    scorer: Scorer,
    scenes: Sequence[LabelledScene],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Score scenes ``overall``, then each modality overall and by hour."""
    counts: dict[tuple[str, str], list[Any]] = {}
    for scored, scene in enumerate(scenes, start=1):
        for modality in MODALITIES:
            count = scorer.count(scene.image(modality), scene)
            counts.setdefault((modality, scene.hour), []).append(count)
        progress(scored, len(scenes))
    hours = list(dict.fromkeys(scene.hour for scene in scenes))
    scores = {"overall": scorer.summary(itertools.chain.from_iterable(counts.values()))}
    for modality in MODALITIES:
        by_hour = {hour: counts[modality, hour] for hour in hours}
        scores[modality] = {
            "overall": scorer.summary(itertools.chain.from_iterable(by_hour.values())),
            **{hour: scorer.summary(hour_counts) for hour, hour_counts in by_hour.items()},
        }
    return scores


def card(
    name: str, params: SampleModelsParams, trained: TrainedAnnotator, scores: Mapping[str, Any]
) -> str:
    """Write the model card: Markdown with a YAML front matter; data, recipe, seed, time and scores.

    Args:
        name: of the model.
        scores: as ``score`` gives them, of ``params.held_out`` scenes.
    """
    size = f"{params.width_px}x{params.height_px}"
    rows = [
        ("parameters", f"{trained.parameters:,}, stored in half precision"),
        (
            "data",
            f"rendered scenes of twinband's sample world, {size}; RGB and thermal in equal parts",
        ),
        *((f"lesson {n}", _described(lesson)) for n, lesson in enumerate(params.lessons, 1)),
        (
            "time",
            f"{trained.seconds / 60:.0f} minutes on one thread of two, another training beside it",
        ),
        ("use", f"`{USAGES[params.recipe]}`"),
    ]
    return markdown_card(
        name,
        ["rgb-thermal", "synthetic"],
        f"{DESCRIPTIONS[params.recipe]}\n"
        "It was trained on rendered street scenes alone, so that the sample profile labels images"
        " with a trained network and nothing to download. Expect little of it on photographs.",
        markdown_table(("what", "value"), rows),
        f"## Scores on {params.held_out} scenes that it never saw",
        score_table(scores),
        f"`python -m twinband.sample_models.scores {name}` gives them again; `make sample-models`"
        " trains again.",
        license="apache-2.0",
    )


def _described(lesson: Lesson) -> str:
    training = lesson.training
    return (
        f"{lesson.scenes} scenes of seed {lesson.seed}, {lesson.image_px} px"
        f" wide; {training.steps} steps of {training.batch_size} images,"
        f" {OPTIMIZERS[training.optimizer]}, learning rate {training.lr:.2g},"
        f" {training.precision}, average of weights {training.ema_decay}, seed {training.seed}"
    )


def score_table(scores: Mapping[str, Any]) -> str:
    """Lay out a Markdown table: overall, then each modality overall and by hour."""
    names = list(scores["overall"])
    rows = [("both", "all", scores["overall"])]
    for modality in MODALITIES:
        for hour, values in scores[modality].items():
            rows.append((modality, "all" if hour == "overall" else hour, values))
    return markdown_table(
        ("modality", "hour", *(name.replace("_", " ") for name in names)),
        [
            (modality, hour, *(_cell(values.get(name, "")) for name in names))
            for modality, hour, values in rows
        ],
    )


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _weights(folder: Path) -> Weights:
    return Weights(folder, "", str(folder))


def main(
    recipe: Annotated[str, typer.Argument(help="sam, dpt or mask2former")],
    folder: Annotated[Path | None, typer.Option(help="default: models/sample/RECIPE")] = None,
    scenes: Annotated[int, typer.Option(help="held-out scenes, in turn of every hour")] = 100,
) -> None:
    """Score an annotator on scenes that it never saw, by modality and hour."""
    torch.set_num_threads(1)
    runtime = Runtime(executor="processes", workers=1, scheduler="", log_level="info")
    with tempfile.TemporaryDirectory() as work:
        held_out = rendered_scenes(
            "held_out", scenes, seed=HELD_OUT_SEED, size=SIZE, work=Path(work), runtime=runtime
        )
    scorer = SCORERS[recipe](folder or Path("models/sample") / recipe)
    with tqdm(total=scenes, unit="scene", leave=False) as bar:
        scores = score(scorer, held_out, lambda done, total: bar.update(done - bar.n) and None)
    Console().print(Markdown(score_table(scores)))


if __name__ == "__main__":
    typer.run(main)
