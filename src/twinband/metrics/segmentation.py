"""Segmentation scores from a confusion matrix of a whole set.

Means over images would let small images and rare classes weigh more than they do, so counts are
added first and divided last.
"""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]  # C,C (or …,C,C): rows are the truth, columns the prediction
Shares = NDArray[np.float64]  # C (or …,C): NaN for a class without pixels


def confusion_matrix(
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    classes: int,
    ignore: int | None = None,
) -> Counts:
    """Count the pixels of each true class (row) that were given each class (column).

    Args:
        truth: ids ``0..classes-1``, any shape.
        prediction: the same, in the same shape.
        ignore: the id in ``truth`` of void pixels, which are never counted.

    Raises:
        ValueError: the shapes differ, or an id is no class.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth {truth.shape} and prediction {prediction.shape} differ in shape")
    counted = np.ones(truth.shape, np.bool_) if ignore is None else truth != ignore
    rows, columns = truth[counted].astype(np.int64), prediction[counted].astype(np.int64)
    for name, ids in (("truth", rows), ("prediction", columns)):
        outside = ids[(ids < 0) | (ids >= classes)]
        if outside.size:
            raise ValueError(f"{name} holds {np.unique(outside)[:5]}, not ids 0 to {classes - 1}")
    return np.bincount(rows * classes + columns, minlength=classes**2).reshape(classes, classes)


def class_iou(confusion: Counts) -> Shares:
    """Compute the intersection over union of each class, TP / (TP + FP + FN).

    NaN for a class in neither truth nor prediction; 0 for one that is only predicted.
    """
    correct = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _share(correct, confusion.sum(-1) + confusion.sum(-2) - correct)


def class_accuracy(confusion: Counts) -> Shares:
    """Compute the recall of each class, TP / (TP + FN); NaN for a class that is not in the
    truth."""
    return _share(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(-1))


def mean_iou(confusion: Counts) -> NDArray[np.float64]:
    """Compute mIoU, the mean over the classes that have an IoU; NaN if none has."""
    return _mean(class_iou(confusion))


def mean_accuracy(confusion: Counts) -> NDArray[np.float64]:
    """Compute mAcc, the mean recall over the classes in the truth; NaN if there are none."""
    return _mean(class_accuracy(confusion))


def _share(part: Counts, total: Counts) -> Shares:
    return np.divide(part, total, out=np.full(part.shape, np.nan), where=total > 0)


def _mean(shares: Shares) -> NDArray[np.float64]:
    known = np.isfinite(shares)
    total = np.where(known, shares, 0.0).sum(-1)
    return np.divide(total, known.sum(-1), out=np.full(total.shape, np.nan), where=known.any(-1))
