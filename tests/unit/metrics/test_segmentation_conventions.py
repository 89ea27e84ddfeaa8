"""Conventions of segmentation sets, by confusions made by hand."""

import numpy as np
import pytest

from twinband.metrics.segmentation_conventions import CONVENTIONS, ids_convention, mfnet_old


def test_the_spec_s_example() -> None:
    values = ids_convention(2).values(np.array([[8, 2], [1, 9]]))
    assert values["miou"] == pytest.approx(0.738636, abs=1e-6)
    assert values["macc"] == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("name", "classes", "scored"),
    [
        ("mfnet", 9, 9),
        ("msrs", 9, 9),
        ("pst900", 5, 5),
        ("fmb", 15, 14),
        ("fmb15", 15, 15),
        ("semanticrt", 13, 13),
        ("mvseg", 26, 26),
        ("cart", 12, 10),
        ("dgss", 19, 19),
    ],
)
def test_classes(name: str, classes: int, scored: int) -> None:
    convention = CONVENTIONS[name]
    assert len(convention.classes) == len(set(convention.classes)) == classes
    assert classes - len(convention.ignored) == scored
    iou, _ = convention.scored(np.eye(classes, dtype=np.int64))
    assert np.isfinite(iou).sum() == scored


def test_what_is_counted() -> None:
    truth = np.array([0, 1, 2, 255])
    assert CONVENTIONS["mfnet"].counted(truth).tolist() == [True, True, True, False]
    assert CONVENTIONS["fmb"].counted(truth).tolist() == [False, True, True, False]
    assert CONVENTIONS["cart"].counted(truth).tolist() == [False, False, True, False]


def test_a_class_that_is_only_predicted() -> None:
    """FMB's test set has no bicycle: there it is left out, elsewhere it is worth 0."""
    confusion = np.zeros((15, 15), np.int64)
    confusion[1, 1], confusion[1, 13] = 9, 1
    assert CONVENTIONS["fmb"].values(confusion)["miou"] == pytest.approx(0.9)
    assert ids_convention(15).values(confusion)["miou"] == pytest.approx(0.45)


def test_background_that_is_ignored_can_still_be_predicted_wrongly() -> None:
    confusion = np.zeros((15, 15), np.int64)
    confusion[1, 1], confusion[1, 0] = 6, 4
    values = CONVENTIONS["fmb"].values(confusion)
    assert values["miou"] == values["macc"] == pytest.approx(0.6)


def test_absent_classes_as_zeros() -> None:
    values = CONVENTIONS["mfnet"].values(np.diag([5, 5, 5, 0, 0, 0, 0, 0, 0]))
    assert values["miou"] == 1
    assert values["miou_nan_as_zero"] == pytest.approx(3 / 9)


def test_the_first_rule_of_mfnet_knows_no_unlabeled_pixels() -> None:
    confusion = np.array([[90, 5, 5], [10, 8, 2], [0, 0, 10]])
    assert mfnet_old(confusion) == pytest.approx((8 / 10 + 10 / 12) / 2)
