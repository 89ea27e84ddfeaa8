"""The registered pair, and the objects its labels show."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.shards.registered import object_mask, pixels_of_patches, registered_pair

RGB = np.full((4, 6, 3), 1, np.uint8)
THERMAL = np.full((4, 6), 40_000, np.uint16)
CLASSES = np.full((4, 6), 3, np.uint8)
PAIR: dict[str, Any] = {
    "rgb": RGB,
    "thermal": THERMAL,
    "semantics": CLASSES,
    "json": {"name": "a", "labels": {"boxes": ["as in pairs"]}},
}


def changed(
    *,
    present: bool = True,
    training: bool = True,
    labels: Any = None,
    inverted: bool = False,
    **fields: Any,
) -> dict[str, Any]:
    levels = {"low": 0.0, "high": 65535.0, "inverted": inverted}
    said: dict[str, Any] = {
        "thermal_present": present,
        "training": training,
        "shift_tolerance_px": 2.5,
    }
    said |= {"thermal_levels": levels}
    return {"json": {"registered": said, "labels": labels or {}}, **fields}


def test_where_nothing_changed_the_pair_is_as_it_was() -> None:
    boxes = [{"class": "car", "xyxy": [0, 0, 2, 2]}]
    found = registered_pair({"pairs": PAIR, "registered": changed(labels={"boxes": boxes})})
    assert found.rgb is RGB and found.counts is THERMAL
    assert found.valid.dtype == np.bool_ and found.valid.shape == (4, 6) and found.valid.all()
    assert set(found.labels) == {"semantics", "boxes"}
    assert found.labels["semantics"] is CLASSES and found.labels["boxes"] is boxes
    assert found.thermal_present and found.training and found.shift_tolerance_px == 2.5


@pytest.mark.parametrize("name", ["rgb", "thermal", "semantics"])
def test_what_was_made_anew_takes_the_place_of_the_old(name: str) -> None:
    new = np.zeros_like(PAIR[name])
    valid = np.zeros((4, 6), np.uint8)
    valid[:, 2:] = 255
    sample = {"pairs": PAIR, "registered": {**changed(valid=valid), name: new}}
    found = registered_pair(sample)
    images = {"rgb": found.rgb, "thermal": found.counts, "semantics": found.labels["semantics"]}
    for other, image in images.items():
        assert image is (new if other == name else PAIR[other])
    np.testing.assert_array_equal(found.valid, np.tile(np.arange(6) >= 2, (4, 1)))
    assert "valid" not in found.labels


def test_counts_become_grey_by_the_levels_of_the_sample() -> None:
    found = registered_pair({"pairs": PAIR, "registered": changed()})
    assert found.thermal.dtype == np.uint8
    assert (found.thermal == round(40_000 / 65535 * 255)).all()


def test_of_inverted_thermal_what_has_no_data_stays_dark() -> None:
    counts = THERMAL.copy()
    counts[:, :2] = 0
    valid = np.full((4, 6), 255, np.uint8)
    valid[:, 0] = 0
    made = changed(inverted=True, valid=valid, thermal=counts)
    found = registered_pair({"pairs": PAIR, "registered": made})
    assert found.thermal[0].tolist() == [0, 255, *[255 - 156] * 4]
    assert not counts[:, :2].any()


@pytest.mark.parametrize("pair", [PAIR, {k: v for k, v in PAIR.items() if k != "thermal"}])
def test_absent_thermal_is_zeros(pair: dict[str, Any]) -> None:
    found = registered_pair({"pairs": pair, "registered": changed(present=False)})
    assert not found.thermal_present and not found.thermal.any() and not found.counts.any()
    assert found.thermal.shape == (4, 6) and found.thermal.dtype == np.uint8
    assert (THERMAL == 40_000).all() and found.rgb is RGB


def test_a_pair_that_must_not_be_trained_on_says_so() -> None:
    found = registered_pair({"pairs": PAIR, "registered": changed(training=False)})
    assert not found.training and found.counts is THERMAL


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
