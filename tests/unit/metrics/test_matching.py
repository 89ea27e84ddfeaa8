"""Corner errors and areas by hand."""

import numpy as np
import pytest

from twinband.metrics.matching import area_under_curve, areas, corner_error

SHIFT = np.array([[1, 0, 3], [0, 1, 4], [0, 0, 1.0]])


def test_a_shift_moves_every_corner_alike() -> None:
    assert corner_error(SHIFT, np.eye(3), 640, 480) == pytest.approx(5)
    assert corner_error(SHIFT, SHIFT, 640, 480) == 0
    assert corner_error(2 * SHIFT, SHIFT, 640, 480) == pytest.approx(0)  # scale means nothing


def test_a_zoom_moves_the_far_corners() -> None:
    zoom = np.diag([2.0, 1.0, 1.0])  # the two right corners move by the width less one
    assert corner_error(zoom, np.eye(3), 101, 51) == pytest.approx(50)


def test_failures_are_infinite() -> None:
    assert corner_error(None, np.eye(3), 640, 480) == np.inf
    assert corner_error(np.zeros((3, 3)), np.eye(3), 640, 480) == np.inf
    assert corner_error(np.full((3, 3), np.nan), np.eye(3), 640, 480) == np.inf


def test_areas_by_hand() -> None:
    assert area_under_curve([0, 0], 3) == 1
    # up to 1 px the curve rises from 0 to a half, and stays there
    assert area_under_curve([1, np.inf], 3) == pytest.approx((0.25 + 2 * 0.5) / 3)
    assert area_under_curve([5, np.inf], 3) == 0
    assert areas([0, np.inf]) == {"auc@3": 0.5, "auc@5": 0.5, "auc@10": 0.5}
    assert list(areas([1], (5, 20))) == ["auc@5", "auc@20"]


@pytest.mark.parametrize("errors", [[], [np.nan], [-1.0]])
def test_what_is_no_error(errors: list[float]) -> None:
    with pytest.raises(ValueError, match="at least one number"):
        area_under_curve(errors, 3)
