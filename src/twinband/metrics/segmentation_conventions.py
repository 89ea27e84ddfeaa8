"""Conventions of segmentation sets: their classes, what is ignored, what an absent class is worth.

Numbers of two conventions never compare, even on one set. Source: spec/benchmarks.md A.2 and B.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinband.metrics.segmentation import Counts, Shares, class_accuracy, class_iou, mean_iou

VOID = 255  # never a class


@dataclass(frozen=True, slots=True)
class Convention:
    """A way to score a set.

    Attributes:
        text: in words, for a table's note.
        classes: names by id, from 0.
        ignored: ids whose pixels in the truth are not counted, beside ``VOID``; nor are they in the
            means.
        absent_left_out: a class without a pixel in the truth is left out of the mean even if it is
            predicted; else its IoU is then 0.
    """

    text: str
    classes: tuple[str, ...]
    ignored: tuple[int, ...] = ()
    absent_left_out: bool = False

    def counted(self, truth: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which pixels of a label map are counted."""
        return np.asarray(~np.isin(truth, (VOID, *self.ignored)))

    def scored(self, confusion: Counts) -> tuple[Shares, Shares]:
        """Compute IoU and recall of each class, NaN where it is left out."""
        iou, recall = class_iou(confusion), class_accuracy(confusion)
        left_out = np.isin(np.arange(len(self.classes)), self.ignored)
        if self.absent_left_out:
            left_out |= confusion.sum(-1) == 0
        return np.where(left_out, np.nan, iou), np.where(left_out, np.nan, recall)

    def values(self, confusion: Counts) -> dict[str, float]:
        """Compute ``miou`` and ``macc`` over the classes that are there, and ``miou_nan_as_zero``
        over all that could be; shares."""
        iou, recall = self.scored(confusion)
        asked_for = len(self.classes) - len(self.ignored)
        return {
            "miou": _mean(iou),
            "macc": _mean(recall),
            "miou_nan_as_zero": float(np.nansum(iou) / asked_for),
        }


def _mean(shares: Shares) -> float:
    known = shares[np.isfinite(shares)]
    return float(known.mean()) if known.size else float("nan")


def mfnet_old(confusion: Counts) -> float:
    """Compute mIoU by the rule of MFNet's first code: unlabeled pixels, true or predicted, are
    nowhere."""
    return float(mean_iou(confusion[1:, 1:]))


def ids_convention(classes: int) -> Convention:
    """Make the convention of a set that has none: every id counts but ``VOID``."""
    text = f"ids 0 to {classes - 1} are classes, {VOID} is ignored; no set's own convention"
    return Convention(text, tuple(f"class {number}" for number in range(classes)))


_MFNET = (
    *("unlabeled", "car", "person", "bike", "curve", "car_stop"),
    *("guardrail", "color_cone", "bump"),
)
_FMB = (
    *("background", "road", "sidewalk", "building", "lamp", "sign", "vegetation", "sky", "person"),
    *("car", "truck", "bus", "motorcycle", "bicycle", "pole"),
)
CONVENTIONS: Mapping[str, Convention] = {
    "mfnet": Convention("MFNet: 9 classes, unlabeled (0) is one of them, none is ignored", _MFNET),
    "msrs": Convention("MSRS: MFNet's 9 classes, unlabeled (0) is one of them", _MFNET),
    "pst900": Convention(
        "PST900: 5 classes, background (0) is one of them",
        ("background", "fire_extinguisher", "backpack", "hand_drill", "survivor"),
    ),
    "fmb": Convention(
        "FMB, 14 foreground classes over those present; background (0) is ignored",
        _FMB,
        ignored=(0,),
        absent_left_out=True,
    ),
    "fmb15": Convention(
        "FMB, 15 classes over those present; background (0) is one of them",
        _FMB,
        absent_left_out=True,
    ),
    "semanticrt": Convention(
        "SemanticRT: 13 classes, background (0) is one of them",
        (
            *("background", "car_stop", "bike", "bicyclist", "motorcycle", "motorcyclist", "car"),
            *("tricycle", "traffic_light", "box", "pole", "curve", "person"),
        ),
    ),
    "mvseg": Convention(
        "MVSeg: 26 classes, background (0) is one of them",
        ("background", *(f"class {number}" for number in range(1, 26))),
    ),
    "cart": Convention(
        "CART: 10 classes; unknown (0) and background (1) are ignored",
        (
            *("unknown", "background", "bare_ground", "rocky", "human_made", "road", "shrubs"),
            *("trees", "sky", "water", "vehicles", "person"),
        ),
        ignored=(0, 1),
    ),
    "dgss": Convention(
        "Cityscapes' 19 training ids, 255 is ignored; labels at their native size",
        (
            *("road", "sidewalk", "building", "wall", "fence", "pole", "traffic_light"),
            *("traffic_sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck"),
            *("bus", "train", "motorcycle", "bicycle"),
        ),
    ),
}
