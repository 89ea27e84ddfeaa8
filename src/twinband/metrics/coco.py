"""COCO's average precision and recall, counted by pycocotools.

Two things are done around it. Annotations are numbered from 1: pycocotools takes a match with id 0
for a miss. Only pairs of image and category that hold a box are visited: the others yield nothing,
and with 80 categories they are most of the time. Source: spec/benchmarks.md B.1.
"""

import contextlib
import copy
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

NAMES = (
    "ap",
    "ap50",
    "ap75",
    "ap_small",
    "ap_medium",
    "ap_large",
    "ar1",
    "ar10",
    "ar100",
    "ar_small",
    "ar_medium",
    "ar_large",
)
AREAS = ("all", "small", "medium", "large")  # below 32² px, to 96² px, above
KINDS = ("bbox", "segm")
Entry = Mapping[str, Any]


class _Evaluation(COCOeval):
    """pycocotools' evaluation, which skips what holds neither truth nor detections."""

    def evaluate(self) -> None:
        params = self.params
        params.imgIds = list(np.unique(params.imgIds))
        params.catIds = list(np.unique(params.catIds))
        params.maxDets = sorted(params.maxDets)
        self._prepare()
        held = {key for boxes in (self._gts, self._dts) for key, found in boxes.items() if found}
        self.ious = {key: self.computeIoU(*key) for key in held}
        most = params.maxDets[-1]
        self.evalImgs = [
            self.evaluateImg(image, category, area, most) if (image, category) in held else None
            for category in params.catIds
            for area in params.areaRng
            for image in params.imgIds
        ]
        self._paramsEval = copy.deepcopy(params)


class CocoScores:
    """The scores of detections against a truth, over all and over parts of it."""

    def __init__(self, truth: Entry, detections: Sequence[Entry], kind: str) -> None:
        """Evaluate detections.

        Args:
            truth: ``images`` (``id``; with masks also ``height`` and ``width``), ``categories``
                (``id``) and ``annotations`` (``image_id``, ``category_id``, ``bbox`` as x, y,
                width, height in px, ``area`` in px², of masks ``segmentation``; ``iscrowd``).
            detections: ``image_id``, ``category_id``, ``score``, and ``bbox`` or ``segmentation``
                (RLE); 100 an image and category count.
            kind: one of ``KINDS``.
        """
        annotations = [
            {"iscrowd": 0, **annotation, "id": number}
            for number, annotation in enumerate(truth["annotations"], 1)
        ]
        self._truth = _indexed({**truth, "annotations": annotations})
        self._found = _results(self._truth, detections)
        self._kind = kind
        self._whole = self._evaluated(None)

    def values(self, images: Sequence[Any] | None = None) -> dict[str, float]:
        """Compute the twelve numbers of ``NAMES``, shares; 1 is best, NaN where there is nothing
        to find.

        Args:
            images: ids of the images that are counted (all by default).
        """
        evaluation = self._whole if images is None else self._evaluated(images)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.summarize()
        return dict(zip(NAMES, map(_known, evaluation.stats), strict=True))

    def by_category(self) -> dict[Any, dict[str, float]]:
        """Compute ``ap``, ``ap50``, ``ap75`` and ``ar100`` of each category, by its id."""
        precision, recall = self._whole.eval["precision"], self._whole.eval["recall"]
        return {
            category: {
                "ap": _mean(precision[:, :, number, 0, -1]),
                "ap50": _mean(precision[0, :, number, 0, -1]),
                "ap75": _mean(precision[5, :, number, 0, -1]),
                "ar100": _mean(recall[:, number, 0, -1]),
            }
            for number, category in enumerate(self._whole.params.catIds)
        }

    def by_size(self) -> dict[str, dict[str, float]]:
        """Compute ``ap``, ``ap50``, ``ap75`` and ``ar100`` of each of ``AREAS`` but all."""
        precision, recall = self._whole.eval["precision"], self._whole.eval["recall"]
        return {
            area: {
                "ap": _mean(precision[:, :, :, number, -1]),
                "ap50": _mean(precision[0, :, :, number, -1]),
                "ap75": _mean(precision[5, :, :, number, -1]),
                "ar100": _mean(recall[:, :, number, -1]),
            }
            for number, area in enumerate(AREAS)
            if area != "all"
        }

    def _evaluated(self, images: Sequence[Any] | None) -> _Evaluation:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = _Evaluation(self._truth, self._found, self._kind)
            if images is not None:
                evaluation.params.imgIds = list(images)
            evaluation.evaluate()
            evaluation.accumulate()
        return evaluation


def _indexed(dataset: Entry) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        indexed = COCO()
        indexed.dataset = dict(dataset)
        indexed.createIndex()
    return indexed


def _results(truth: COCO, detections: Sequence[Entry]) -> COCO:
    if not detections:  # pycocotools looks at the first
        return _indexed({**truth.dataset, "annotations": []})
    with contextlib.redirect_stdout(io.StringIO()):
        return truth.loadRes([dict(detection) for detection in detections])


def _known(value: float) -> float:
    return float("nan") if value == -1 else float(value)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")
