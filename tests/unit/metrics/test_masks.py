import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.metrics.masks import ObjectScores, best_ious, large_objects


def box(top: int, left: int, height: int, width: int) -> NDArray[np.bool_]:
    mask = np.zeros((20, 30), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def test_the_best_mask_of_each_object_counts() -> None:
    masks = np.stack([box(0, 0, 10, 10), box(0, 0, 10, 20), box(15, 0, 2, 2)])
    objects = [box(0, 0, 10, 15), box(10, 20, 5, 5), box(15, 0, 2, 2)]
    np.testing.assert_allclose(best_ious(masks, objects), [150 / 200, 0, 1])
    assert best_ious(masks[:0], objects).tolist() == [0, 0, 0]
    assert best_ious(masks, []).tolist() == []


def test_scores() -> None:
    scores = ObjectScores.of(x for x in (0.5, 0.49, 1.0, 0.0))
    assert scores is not None and (scores.objects, scores.recall) == (4, 0.5)
    assert scores.mean_iou == pytest.approx(0.4975)
    assert ObjectScores.of([]) is None


def test_objects_of_a_size() -> None:
    instances = np.zeros((20, 30), np.uint16)
    for number, left, size in ((2, 0, 4), (700, 10, 3), (65535, 20, 5)):
        instances[box(0, left, size, size)] = number
    found = large_objects(instances, 16)
    assert [int(mask.sum()) for mask in found] == [16, 25]
    assert instances[found[1]].tolist() == [65535] * 25
    assert large_objects(np.zeros((3, 3), np.uint16), 1) == []
