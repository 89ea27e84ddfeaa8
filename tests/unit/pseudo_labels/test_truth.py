"""Labels against the truth."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.raw_pairs import write
from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.pseudo_labels.label import Depth
from twinband.pseudo_labels.truth import (
    CLASS_TABLES,
    FARTHEST_M,
    Truth,
    class_counts,
    depth_scores,
    iou_of_classes,
)

METRES = np.array([[0.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
KNOWN = METRES > 0
CLASSES = ("void", "road", "sky")


def inverse(metres: np.ndarray) -> np.ndarray:
    return np.divide(1, metres, out=np.zeros_like(metres), where=metres > 0).astype(np.float32)


def test_metres_are_compared_as_they_are() -> None:
    right = depth_scores(METRES, Depth(10 * inverse(METRES), True, 10.0))
    assert right == {"abs_rel": pytest.approx(0, abs=1e-5), "delta1": 1.0}
    doubled = depth_scores(METRES, Depth(5 * inverse(METRES), True, 10.0))
    assert doubled == {"abs_rel": pytest.approx(1, abs=1e-5), "delta1": 0.0}
    metric = depth_scores(METRES, Depth((1.1 * METRES).astype(np.float32), False, 1.0))
    assert metric == {"abs_rel": pytest.approx(0.1, abs=1e-5), "delta1": 1.0}


def test_an_unknown_scale_is_aligned_in_the_labels_own_kind() -> None:
    found = Depth(3 * inverse(METRES) + 7, True)
    assert depth_scores(METRES, found) == {"abs_rel": pytest.approx(0, abs=1e-4), "delta1": 1.0}
    found = Depth((METRES / 5 - 1).astype(np.float32), False)
    assert depth_scores(METRES, found) == {"abs_rel": pytest.approx(0, abs=1e-4), "delta1": 1.0}


def test_the_sky_does_not_count_and_nothing_lies_beyond_what_the_truth_can_say() -> None:
    values = 10 * inverse(METRES)
    values[~KNOWN] = 1000
    assert depth_scores(METRES, Depth(values, True, 10.0)) == {
        "abs_rel": pytest.approx(0, abs=1e-5), "delta1": 1.0
    }  # fmt: skip
    endless = depth_scores(np.full((1, 2), 2.0), Depth(np.zeros((1, 2), np.float32), True, 10.0))
    assert endless == {"abs_rel": pytest.approx(FARTHEST_M / 2 - 1, abs=1e-4), "delta1": 0.0}
    assert depth_scores(np.zeros((2, 2)), Depth(np.ones((2, 2), np.float32), True)) is None


def test_classes_are_matched_by_name() -> None:
    truth = Truth(Path("nowhere"), CLASSES)
    assert truth.ids_of(("sky", "horse", "road")).tolist() == [2, 0, 1]  # type: ignore[union-attr]
    assert truth.ids_of(("sky", "horse")) is None  # no road: there is nothing to compare
    assert CLASS_TABLES["sample_world"][0] == "void"


def test_void_does_not_count_but_an_unknown_class_is_wrong() -> None:
    ids = np.array([2, 0, 1])  # sky, horse, road
    truth = np.array([[0, 1, 1], [2, 2, 2]])
    found = np.array([[0, 2, 1], [0, 0, 2]])  # sky, road, horse; sky, sky, road
    confusion = class_counts(truth, found, ids, len(CLASSES))
    assert confusion.sum() == 5
    assert iou_of_classes(confusion).tolist() == [1 / 3, 2 / 3]


def test_files_are_read_by_name_and_may_lack(tmp_path: Path) -> None:
    truth = Truth(tmp_path, CLASSES)
    assert truth.depth_m("raw/a", (2, 3)) is None and truth.semantics("raw/a", (2, 3)) is None
    levels = np.rint(METRES * 256).astype(np.uint16)
    write(tmp_path / "depth/raw/a.png", encode_png(levels))
    write(tmp_path / "semantics/raw/a.png", encode_png(np.full((2, 3), 2, np.uint8)))
    np.testing.assert_array_equal(truth.depth_m("raw/a", (2, 3)), METRES)
    np.testing.assert_array_equal(truth.semantics("raw/a", (2, 3)), 2)


def test_a_truth_that_does_not_fit_is_told(tmp_path: Path) -> None:
    truth = Truth(tmp_path, CLASSES)
    write(tmp_path / "semantics/a.png", encode_png(np.full((2, 3), 3, np.uint8)))
    with pytest.raises(InputError, match=r"semantics/a\.png holds the class 3, .* only 3"):
        truth.semantics("a", (2, 3))
    with pytest.raises(InputError, match="must lie on the grid of the RGB image"):
        truth.semantics("a", (3, 3))
    write(tmp_path / "depth/a.png", b"nothing")
    with pytest.raises(InputError, match=r"depth/a\.png: this truth cannot be read"):
        truth.depth_m("a", (2, 3))
