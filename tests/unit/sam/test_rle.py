from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco

from twinband.sam.rle import Crop, Rle, area, bbox, decode, decode_crop, encode, iou, nearest


def masks(seed: int, number: int, height: int, width: int) -> NDArray[np.bool_]:
    """From empty to full, so that runs of all lengths occur."""
    generator = np.random.default_rng(seed)
    share_on = np.linspace(0, 1, number)[:, None, None]
    return np.asarray(generator.random((number, height, width)) < share_on)


def compressed(rle: Rle) -> Any:
    return coco.frPyObjects(dict(rle), *rle["size"])


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))


@given(SHAPES, st.integers(0, 2**20))
def test_there_and_back(shape: tuple[int, int, int], seed: int) -> None:
    given_masks = masks(seed, *shape)
    for mask, rle in zip(given_masks, encode(given_masks), strict=True):
        assert sum(rle["counts"]) == mask.size
        assert all(count > 0 for count in rle["counts"][1:])
        np.testing.assert_array_equal(decode(rle), mask)


@pytest.mark.parametrize("shape", [(7, 23, 41), (5, 40, 1), (5, 1, 40), (3, 1, 1)])
def test_it_agrees_with_pycocotools(shape: tuple[int, int, int]) -> None:
    given_masks = masks(1, *shape)
    rles = encode(given_masks)
    theirs = coco.encode(np.asfortranarray(given_masks.transpose(1, 2, 0), np.uint8))
    assert [compressed(rle)["counts"] for rle in rles] == [rle["counts"] for rle in theirs]
    assert [area(rle) for rle in rles] == coco.area(theirs).tolist()
    assert [bbox(rle) for rle in rles] == coco.toBbox(theirs).tolist()
    assert [type(side) for side in bbox(rles[-1])] == [int] * 4


def test_a_box_of_a_run_over_several_columns() -> None:
    mask = np.zeros((1, 5, 6), bool)
    mask[0, 3:, 2] = mask[0, :2, 3] = True  # the end of a column and the start of the next
    (rle,) = encode(mask)
    assert rle["counts"] == [13, 4, 13]
    assert bbox(rle) == [2, 0, 2, 5]


SIDES = st.one_of(st.integers(-2, 12), st.integers(), st.booleans(), st.none(), st.text())
RUNS = st.one_of(
    st.lists(st.integers(0, 30), max_size=8),
    st.lists(st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=2)), max_size=4),
    st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=3),
    st.text(max_size=5),
    st.none(),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(size=st.lists(SIDES, max_size=3), counts=RUNS)
def test_runs_that_do_not_fill_the_image_are_refused(size: list[Any], counts: Any) -> None:
    rle: Any = {"size": size, "counts": counts}
    whole = (
        len(size) == 2
        and all(isinstance(side, int) and not isinstance(side, bool) for side in size)
        and min(size) > 0
        and isinstance(counts, list)
        and all(isinstance(count, int) for count in counts)
        and min(counts, default=-1) >= 0
        and sum(counts) == size[0] * size[1]
    )
    if whole and size[0] * size[1] < 10_000:
        mask = decode(rle)
        assert mask.shape == tuple(size) and area(rle) == mask.sum()
        assert (bbox(rle)[2] > 0) == mask.any()
        part = decode_crop([counts], (size[0], size[1]), Crop(0, 0, *size))
        np.testing.assert_array_equal(part[0], mask)
        return
    for use in (decode, area, bbox):
        with pytest.raises(ValueError, match=r"size is height and width|px"):
            use(rle)
    with pytest.raises(ValueError, match=r"size is height and width|px"):
        decode_crop([counts], size, Crop(0, 0, 1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ([1 << 20, 1 << 20], [1 << 40]),  # right, and a terabyte
        ([2, 2], [1 << 62, 1 << 62, 1 << 62, 1 << 62, 4]),  # right modulo 2**64
        ([2, 2], [1 << 70]),
        ([2, 2], [-4, 8]),
        ([2, 2], [4.0]),
        ([2, 2], [True] * 4),
    ],
)
def test_huge_and_odd_runs_are_refused_before_anything_is_allocated(
    size: list[int], counts: list[Any]
) -> None:
    with pytest.raises(ValueError, match="px"):
        decode({"size": size, "counts": counts})


def test_known_counts() -> None:
    mask = np.array([[[1, 0, 0], [1, 1, 0]]], bool)
    assert encode(mask) == [{"size": [2, 3], "counts": [0, 2, 1, 1, 2]}]
    assert encode(~mask) == [{"size": [2, 3], "counts": [2, 1, 1, 2]}]
    assert encode(mask[:0]) == []


def test_tensors_are_encoded_as_arrays_are() -> None:
    given_masks = masks(2, 5, 12, 9)
    assert encode(torch.from_numpy(given_masks)) == encode(given_masks)
    turned = torch.from_numpy(given_masks).transpose(1, 2)
    assert encode(turned) == encode(given_masks.transpose(0, 2, 1))


def test_iou_agrees_with_pycocotools() -> None:
    ones, others = encode(masks(3, 6, 30, 50)[1:]), encode(masks(4, 4, 30, 50))
    theirs = coco.iou([compressed(r) for r in ones], [compressed(r) for r in others], [0] * 4)
    np.testing.assert_allclose(iou(ones, others), theirs)
    assert iou(ones, ones).diagonal().tolist() == [1] * 5


def test_iou_over_more_pixels_than_are_compared_at_once() -> None:
    large = np.zeros((2, 400, 500), bool)
    large[0, :, :300] = large[1, :, 200:] = True
    np.testing.assert_allclose(iou(encode(large[:1]), encode(large[1:])), [[100 / 500]])


def test_iou_of_nothing() -> None:
    rles = encode(np.zeros((2, 3, 3), bool))
    assert iou(rles, rles).tolist() == [[0, 0], [0, 0]]
    assert iou([], rles).shape == (0, 2) and iou(rles, []).shape == (2, 0)


@st.composite
def sizes_and_crops(draw: st.DrawFn) -> tuple[tuple[int, int], Crop]:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    down, across = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
    return (height, width), Crop(top, left, down, across)


def cut(stack: NDArray[np.bool_], crop: Crop) -> NDArray[np.bool_]:
    top, left, height, width = crop
    return stack[:, top : top + height, left : left + width]


@given(sizes_and_crops(), st.integers(0, 7), st.integers(0, 2**20))
def test_decoding_a_part_is_decoding_all_and_cutting(
    where: tuple[tuple[int, int], Crop], number: int, seed: int
) -> None:
    size, crop = where
    whole = masks(seed, number, *size)
    part = decode_crop([rle["counts"] for rle in encode(whole)], size, crop)
    assert part.dtype == np.bool_ and part.shape == (number, crop.height, crop.width)
    np.testing.assert_array_equal(part, cut(whole, crop))


def test_masks_of_smooth_shapes_in_a_large_image() -> None:
    rows, columns = np.mgrid[:300, :400]
    discs = np.stack([np.hypot(rows - y, columns - x) < 90 for y, x in ((20, 30), (150, 350))])
    crop = Crop(37, 41, 192, 256)
    part = decode_crop([rle["counts"] for rle in encode(discs)], (300, 400), crop)
    np.testing.assert_array_equal(part, cut(discs, crop))
    assert part.any((1, 2)).all()


def test_counts_of_other_writers() -> None:
    """Runs may be cut in two by a run of no pixel."""
    part = decode_crop([[0, 2, 0, 3, 4], [9], [0, 9]], (3, 3), Crop(0, 1, 3, 2))
    assert part.sum((1, 2)).tolist() == [2, 0, 6]
    assert part[0].tolist() == [[True, False], [True, False], [False, False]]


@pytest.mark.parametrize("size", [(3, 4), (9, 14), (9, 2), (20, 31), (1, 1)])
def test_nearest_takes_the_pixel_that_a_centre_falls_on(size: tuple[int, int]) -> None:
    whole = masks(1, 4, 9, 14)
    small = nearest(whole, size)
    assert small.shape == (4, *size)
    for row, column in np.ndindex(*size):
        y, x = (floor(Fraction(2 * i + 1, 2 * n) * old) for i, n, old in (
            (row, size[0], 9), (column, size[1], 14)
        ))  # fmt: skip
        np.testing.assert_array_equal(small[:, row, column], whole[:, y, x])
    assert nearest(whole[:0], size).shape == (0, *size)
