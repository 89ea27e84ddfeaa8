"""Saliency scores on built maps; the numbers of real ones are in tests/unit/scorers."""

import numpy as np
import pytest

from twinband.metrics.saliency import NAMES, saliency_scores


def disc(level: int = 255) -> np.ndarray:
    y, x = np.mgrid[:60, :80]
    return np.where((y - 30) ** 2 + (x - 40) ** 2 < 200, level, 0).astype(np.uint8)


def test_perfect_maps_have_the_best_scores() -> None:
    found = saliency_scores([(disc(), disc())])
    assert tuple(found) == NAMES
    assert found["mae"] == 0
    assert found["s"] == pytest.approx(1, abs=1e-6)
    assert found["max_f"] == found["adp_f"] == pytest.approx(1)
    assert found["max_e"] == pytest.approx(1, abs=1e-3)


def test_maps_are_stretched_and_truth_is_cut_above_128() -> None:
    assert saliency_scores([(disc(100), disc(129))]) == saliency_scores([(disc(), disc())])
    assert saliency_scores([(disc(), disc(128))])["mae"] == pytest.approx((disc() > 0).mean())


def test_empty_truth_has_no_weighted_f_and_the_share_left_dark() -> None:
    found = saliency_scores([(disc(), np.zeros_like(disc()))])
    assert found["wf"] == 0
    assert found["s"] == pytest.approx(1 - (disc() > 0).mean())


def test_maxima_are_of_the_mean_curve() -> None:
    """Two maps that are best at different thresholds have no common threshold at which all is."""
    truth = disc()
    noisy = [np.maximum(truth // 4, 0), np.maximum(truth, 0)]
    for image, level in zip(noisy, (10, 200), strict=True):
        image[:10] = level
    noisy[0][0, 0] = noisy[1][0, 0] = 255
    alone = [saliency_scores([(image, truth)])["max_f"] for image in noisy]
    both = saliency_scores([(image, truth) for image in noisy])["max_f"]
    assert both < np.mean(alone) - 0.05


def test_maps_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        saliency_scores([(disc()[:-1], disc())])


def test_no_maps_have_no_score() -> None:
    assert all(np.isnan(value) for value in saliency_scores([]).values())
