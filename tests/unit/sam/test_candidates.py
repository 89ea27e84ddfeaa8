import numpy as np
import pytest
import torch

from twinband.sam.candidates import nms
from twinband.sam.torchvision_stub import batched_nms, box_area

Box = tuple[float, float, float, float]


def overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return float(np.float32(shared) / np.float32(areas - shared)) if areas > shared else 0


def brute_force(boxes: list[Box], scores: list[float], threshold: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(overlap(boxes[index], boxes[better]) <= threshold for better in kept):
            kept.append(index)
    return kept


def random_boxes(seed: int, number: int = 120) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    corners = generator.integers(0, 40, (number, 2))
    boxes = np.concatenate([corners, corners + generator.integers(0, 25, (number, 2))], 1)
    scores = generator.integers(0, 20, number) / 20  # many equal ones
    return boxes.astype(np.float32), scores.astype(np.float32)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_brute_force(seed: int, threshold: float) -> None:
    boxes, scores = random_boxes(seed)
    kept = nms(boxes, scores, threshold).tolist()
    as_tuples = [tuple(box) for box in boxes.tolist()]
    assert kept == brute_force(as_tuples, scores.tolist(), threshold)
    assert threshold == 1.0 or len(kept) < len(boxes)


def test_an_iou_of_just_the_threshold_stays() -> None:
    boxes = np.array([[0, 0, 10, 1], [0, 0, 7, 1], [0, 0, 1, 10]], np.float32)
    assert nms(boxes, np.array([3, 2, 1], np.float32), 0.7).tolist() == [0, 1, 2]
    assert nms(boxes, np.array([3, 2, 1], np.float32), 0.69).tolist() == [0, 2]


def test_nothing_of_nothing() -> None:
    assert nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5).shape == (0,)
    empty = torch.zeros(0)
    assert batched_nms(torch.zeros(0, 4), empty, empty, iou_threshold=0.5).shape == (0,)


def test_kinds_do_not_suppress_each_other() -> None:
    boxes, scores = random_boxes(7)
    kinds = np.arange(len(boxes)) % 3
    kept = batched_nms(
        torch.from_numpy(boxes),
        torch.from_numpy(scores),
        torch.from_numpy(kinds),
        iou_threshold=0.4,
    )
    for kind in range(3):
        members = np.flatnonzero(kinds == kind)
        expected = members[nms(boxes[members], scores[members], 0.4)]
        assert [i for i in kept.tolist() if kinds[i] == kind] == expected.tolist()
    assert (np.diff(scores[kept.numpy()]) <= 0).all()


def test_areas() -> None:
    boxes = torch.tensor([[1, 2, 4, 7], [0, 0, 0, 9]])
    assert box_area(boxes).tolist() == [15, 0]
