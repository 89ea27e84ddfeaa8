"""Laying what registration changed over a pair."""

from typing import Any

import numpy as np
import pytest

from twinband.registration.view import registered_pair

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
    *, present: bool = True, training: bool = True, labels: Any = None, **fields: Any
) -> dict[str, Any]:
    said = {"thermal_present": present, "training": training, "shift_tolerance_px": 2.5}
    return {"json": {"registered": said, "labels": labels or {}}, **fields}


def test_where_nothing_changed_the_pair_is_as_it_was() -> None:
    boxes = [{"class": "car", "xyxy": [0, 0, 2, 2]}]
    found = registered_pair({"pairs": PAIR, "registered": changed(labels={"boxes": boxes})})
    assert found.rgb is RGB and found.thermal is THERMAL
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
    images = {"rgb": found.rgb, "thermal": found.thermal, "semantics": found.labels["semantics"]}
    for other, image in images.items():
        assert image is (new if other == name else PAIR[other])
    np.testing.assert_array_equal(found.valid, np.tile(np.arange(6) >= 2, (4, 1)))
    assert "valid" not in found.labels


def test_absent_thermal_is_zeros_of_the_same_kind() -> None:
    found = registered_pair({"pairs": PAIR, "registered": changed(present=False)})
    assert not found.thermal_present and not found.thermal.any()
    assert (found.thermal.shape, found.thermal.dtype) == (THERMAL.shape, THERMAL.dtype)
    assert (THERMAL == 40_000).all() and found.rgb is RGB


def test_a_pair_that_must_not_be_trained_on_says_so() -> None:
    found = registered_pair({"pairs": PAIR, "registered": changed(training=False)})
    assert not found.training and found.thermal is THERMAL
