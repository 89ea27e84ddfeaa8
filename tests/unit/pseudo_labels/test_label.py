"""Agreement of two labels of one image; labels as they are stored, and back."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from twinband.core.errors import WorkFailed
from twinband.pseudo_labels.label import (
    Depth,
    Label,
    Semantics,
    consistency,
    encoded,
    mirrored,
    read_depth,
    read_semantics,
    unit_of,
)
from twinband.shards.read import decode_fields

VALUES = np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]], np.float32)


def semantics(classes: NDArray[np.integer]) -> Semantics:
    return Semantics(classes, np.ones(classes.shape, np.float32), ("a", "b"))


def test_classes_agree_by_the_share_of_equal_pixels() -> None:
    first = semantics(np.array([[0, 1], [1, 1]]))
    assert consistency(first, semantics(np.array([[0, 1], [1, 0]]))) == 0.75
    assert consistency(first, first) == 1


def test_depth_agrees_by_the_mean_difference() -> None:
    first, second = Depth(VALUES, True, 10.0), Depth(VALUES + 0.5, True, 10.0)
    mean = (VALUES.mean() + (VALUES + 0.5).mean()) / 2
    assert consistency(first, second) == pytest.approx(1 - 0.5 / mean)
    assert consistency(first, first) == 1
    assert consistency(first, Depth(VALUES * 100, True, 10.0)) == 0  # never below


def test_an_unknown_scale_does_not_count() -> None:
    assert consistency(Depth(VALUES, True), Depth(VALUES * 7, True)) == pytest.approx(1)
    assert consistency(Depth(VALUES, True, 1.0), Depth(VALUES * 7, True, 1.0)) < 0.5
    nothing = Depth(np.zeros_like(VALUES), True)
    assert consistency(nothing, nothing) == 1
    assert consistency(Depth(VALUES, True), nothing) == 0


def test_a_mirrored_label_is_laid_over_the_image() -> None:
    turned = mirrored(Depth(VALUES, True))
    assert isinstance(turned, Depth)
    np.testing.assert_array_equal(turned.values, VALUES[:, ::-1])
    classes = np.array([[0, 1, 1]])
    assert consistency(semantics(classes), mirrored(semantics(classes[:, ::-1]))) == 1
    assert consistency(semantics(classes), mirrored(semantics(classes))) == pytest.approx(1 / 3)


def stored(label: Label) -> dict[str, Any]:
    """Through bytes and back to decoded fields."""
    fields, description = encoded(label)
    return decode_fields({**fields, "json": json.dumps(description).encode()})


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        elements=st.floats(-1e6, 1e6, width=32),
    )
)
def test_depth_comes_back_within_half_a_level(values: np.ndarray[Any, Any]) -> None:
    fields = stored(Depth(values, inverse=True, scale_m=10.0))
    assert fields["depth"].dtype == np.uint16
    found = read_depth(fields)
    half = fields["json"]["scale"] / 2 if np.ptp(values) else 0.0
    limit = half + np.abs(values).max() * np.finfo(np.float32).eps
    assert np.abs(found.values - values).max() <= limit
    assert found.inverse and found.scale_m == 10.0


@pytest.mark.parametrize("value", [0.0, 3.25, -1.0])
def test_a_constant_map_comes_back_exactly(value: float) -> None:
    values = np.full((4, 6), value, np.float32)
    np.testing.assert_array_equal(read_depth(stored(Depth(values, False))).values, values)


def test_all_levels_are_used() -> None:
    levels = stored(Depth(np.linspace(2, 5, 100, dtype=np.float32)[None], True))["depth"]
    assert (levels.min(), levels.max()) == (0, 65535)


def test_the_unit_is_in_words() -> None:
    values = np.ones((1, 1), np.float32)
    assert unit_of(Depth(values, True, 10.0)) == "10 m / distance"
    assert unit_of(Depth(values, True)) == "1 / distance"
    assert unit_of(Depth(values, False, 1.0)) == "1 m"
    assert stored(Depth(values, True))["json"]["unit"] == "1 / distance"


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(broken: float) -> None:
    with pytest.raises(WorkFailed, match="weights are broken"):
        encoded(Depth(np.array([[1.0, broken]], np.float32), True))


@pytest.mark.parametrize(("count", "dtype"), [(3, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_classes_take_8_bits_as_long_as_they_fit(count: int, dtype: type) -> None:
    names = tuple(f"class {number}" for number in range(count))
    classes = np.array([[0, count - 1], [1, 2]])
    label = Semantics(classes, np.array([[0.5, 1.0], [0.25, 0.25]], np.float32), names)
    fields = stored(label)
    assert fields["classes"].dtype == dtype
    found = read_semantics(fields, names)
    np.testing.assert_array_equal(found.classes, classes)
    assert found.confidence[1, 1] == pytest.approx(0.5) and found.top is None


def test_the_likeliest_classes_are_kept() -> None:
    classes = np.array([[[0, 1]], [[2, 0]]])
    scores = np.array([[[0.75, 0.5]], [[0.25, 0.125]]], np.float32)
    label = Semantics(classes[0], scores[0], ("a", "b", "c"), (classes, scores))
    top = read_semantics(stored(label), label.names).top
    assert top is not None
    np.testing.assert_array_equal(top[0], classes)
    np.testing.assert_array_equal(top[1], scores)
