"""How good a shipped annotator is on scenes that it never saw: ``score``.

Of both modalities, at every hour and overall; the figures stand on the model's card.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twinband.annotators.labellers import dpt, mask2former
from twinband.annotators.pseudo_labels.truth import depth_scores
from twinband.annotators.rle import decode
from twinband.annotators.sam.generate import AutomaticMasks
from twinband.annotators.sam.settings import MaskSettings
from twinband.annotators.sam.weights import load
from twinband.annotators.shown import shows
from twinband.annotators.weights import Weights
from twinband.metrics.masks import ObjectScores, best_ious, large_objects
from twinband.metrics.segmentation import confusion_matrix, mean_iou
from twinband.sample.annotators.depth_task import METRES
from twinband.sample.annotators.scenes import LabelledScene
from twinband.sample.annotators.views import MODALITIES
from twinband.sample.classes import SCENE_CLASSES

LEAST_OBJECT_PX = 400
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
    """Scores one kind of annotator: counts single images, then sums up any set of counts."""

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> Any:
        """What there is to count of one image of a scene."""
        ...

    def summary(self, counts: Iterable[Any]) -> Scores:
        """Figures over the counts of some images."""
        ...


class MaskScorer:
    """Automatic masks against the objects that an image shows."""

    def __init__(self, folder: Path) -> None:
        self._masks = AutomaticMasks(load(folder), SAM_SETTINGS)

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> NDArray[np.float64]:
        """Best IoU of each object."""
        shown = [m for m in large_objects(scene.instances, LEAST_OBJECT_PX) if shows(image, m)]
        found = [decode(mask["rle"]) for mask in self._masks.generate(image)]
        return best_ious(np.stack(found) if found else np.empty((0, 1, 1), bool), shown)

    def summary(self, counts: Iterable[NDArray[np.float64]]) -> Scores:
        """Objects, mean of their best IoU, and share with one of 0.5 or more."""
        scores = ObjectScores.of(np.concatenate(list(counts)))
        if scores is None:
            return {"objects": 0}
        return {
            "objects": scores.objects,
            "mean_best_iou": round(scores.mean_iou, 4),
            "recall_50": round(scores.recall, 4),
        }


class DepthScorer:
    """Distances in metres, not aligned to the truth; the sky does not count."""

    def __init__(self, folder: Path) -> None:
        options = {"output": "inverse", "scale_m": METRES}
        self._annotator = dpt.open_annotator(_weights(folder), options, "cpu")

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> tuple[float, float]:
        """AbsRel and delta1 of one image."""
        (label,) = self._annotator.labels([image])
        scores = depth_scores(scene.depth.astype(np.float64), label)
        assert scores is not None  # every street has a road
        return scores["abs_rel"], scores["delta1"]

    def summary(self, counts: Iterable[tuple[float, float]]) -> Scores:
        """Means over images."""
        relative, within = np.array(list(counts)).T
        return {
            "images": len(relative),
            "abs_rel": round(float(relative.mean()), 4),
            "delta1": round(float(within.mean()), 4),
        }


class SemanticsScorer:
    """Classes of pixels; void does not count."""

    def __init__(self, folder: Path) -> None:
        self._annotator = mask2former.open_annotator(_weights(folder), {}, "cpu")
        self._void = len(SCENE_CLASSES) - 1

    def count(self, image: NDArray[np.uint8], scene: LabelledScene) -> NDArray[np.int64]:
        """Confusion matrix of one image; class ``i`` of the model is ``i + 1`` of the world."""
        (label,) = self._annotator.labels([image])
        truth = (scene.semantics.astype(np.int64) - 1) % len(SCENE_CLASSES)  # void comes last
        return confusion_matrix(truth, label.classes, self._void + 1, ignore=self._void)

    def summary(self, counts: Iterable[NDArray[np.int64]]) -> Scores:
        """mIoU over all pixels, and the share of pixels that are right."""
        matrices = list(counts)
        whole = np.sum(matrices, axis=0)[: self._void, : self._void]
        return {
            "images": len(matrices),
            "mean_iou": round(float(mean_iou(whole)), 4),
            "pixel_accuracy": round(float(np.trace(whole) / whole.sum()), 4),
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
    """Scores ``overall``, then of each modality overall and by hour."""
    counts: dict[tuple[str, str], list[Any]] = {}
    for done, scene in enumerate(scenes, start=1):
        for modality in MODALITIES:
            found = scorer.count(scene.image(modality), scene)
            counts.setdefault((modality, scene.hour), []).append(found)
        progress(done, len(scenes))
    hours = list(dict.fromkeys(scene.hour for scene in scenes))
    found = {"overall": scorer.summary(c for each in counts.values() for c in each)}
    for modality in MODALITIES:
        of_hours = {hour: counts[modality, hour] for hour in hours}
        found[modality] = {
            "overall": scorer.summary(c for each in of_hours.values() for c in each),
            **{hour: scorer.summary(each) for hour, each in of_hours.items()},
        }
    return found


def _weights(folder: Path) -> Weights:
    return Weights(folder, "", str(folder))
