"""Where objects are, and how many of their pixels each patch holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.sparsity.objects import object_mask, pixels_of_patches


def test_label_images_and_boxes_say_where_objects_are() -> None:
    semantics = np.zeros((4, 6), np.uint8)
    semantics[1, 2] = 3
    saliency = np.zeros((4, 6), np.uint8)
    saliency[3, 5] = 255
    boxes = [{"class": "person", "xyxy": [0.0, 0.0, 2.0, 1.0]}]
    labels = {"semantics": semantics, "saliency": saliency, "boxes": boxes}
    mask = object_mask({**labels, "target_rgb": [-3.0, 2.0, 1.0, 9.0]}, (4, 6))
    assert mask is not None
    assert mask.tolist() == [
        [True, True, False, False, False, False],
        [False, False, True, False, False, False],
        [True, False, False, False, False, False],
        [True, False, False, False, False, True],
    ]


@pytest.mark.parametrize("labels", [{}, {"class": "person"}, {"depth": np.ones((4, 6))}])
def test_other_labels_say_nothing(labels: dict[str, object]) -> None:
    assert object_mask(labels, (4, 6)) is None


@pytest.mark.parametrize(
    "labels",
    [
        {"boxes": []},
        {"target_rgb": None},
        {"semantics": np.zeros((4, 6), np.uint8)},
        {"boxes": [{"class": "person", "xyxy": [-9, -9, -2, -1]}]},
    ],
)
def test_labels_without_objects_are_no_missing_labels(labels: dict[str, object]) -> None:
    mask = object_mask(labels, (4, 6))
    assert mask is not None and mask.shape == (4, 6) and not mask.any()


def test_pixels_are_counted_by_patch() -> None:
    mask = np.zeros((4, 6), np.bool_)
    mask[:2, :3] = mask[3, 5] = True
    assert pixels_of_patches(mask, (2, 2)).tolist() == [6, 0, 0, 1]
    assert pixels_of_patches(mask, (1, 6)).tolist() == [2, 2, 2, 0, 0, 1]


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(0, 2**32 - 1),
)
def test_every_pixel_counts_once_whatever_the_grid(
    shape: tuple[int, int], grid: tuple[int, int], seed: int
) -> None:
    mask = np.random.default_rng(seed).random(shape) < 0.5
    inside, outside = pixels_of_patches(mask, grid), pixels_of_patches(~mask, grid)
    assert len(inside) == grid[0] * grid[1]
    assert inside.sum() == mask.sum() and (inside + outside).sum() == mask.size
