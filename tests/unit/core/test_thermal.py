"""Counts become grey levels by one choice; floating-point temperatures become counts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twinband.core.errors import BadSample
from twinband.core.thermal import (
    AS_STORED,
    FLOAT_RADIOMETRY,
    Levels,
    ThermalLevels,
    image_levels,
    measured,
    sequence_levels,
    to_eight_bits,
)

DEEP = (np.arange(10_000, dtype=np.uint16) + 7_000).reshape(100, 100)
EIGHT = np.arange(256, dtype=np.uint8).reshape(16, 16)
CENTIKELVIN = {"kelvin_per_count": 0.01, "kelvin_at_zero": 0.0}


def test_levels_are_black_and_white_and_what_lies_beyond_is_cut_off() -> None:
    counts = np.array([[0, 100, 150, 200, 65_535]], np.uint16)
    assert Levels(100, 200).grey(counts).tolist() == [[0, 0, 128, 255, 255]]
    assert Levels(100, 200, inverted=True).grey(counts).tolist() == [[255, 255, 127, 0, 0]]


def test_eight_bits_stay_as_they_are_unless_a_range_is_asked_for() -> None:
    assert AS_STORED.grey(EIGHT) is EIGHT and to_eight_bits(EIGHT) is EIGHT
    for rule in ("image", "sequence"):
        assert image_levels(EIGHT, ThermalLevels(rule=rule)) == AS_STORED
    levels = image_levels(EIGHT, ThermalLevels(rule="range", low=50, high=100))
    assert levels.grey(EIGHT)[3].tolist()[:4] == [0, 0, 0, 5]


def test_black_hot_images_are_inverted_of_any_depth() -> None:
    choice = ThermalLevels(polarity="black_hot")
    assert (image_levels(EIGHT, choice).grey(EIGHT) == 255 - EIGHT).all()
    dark = image_levels(DEEP, choice).grey(DEEP)
    assert (dark == 255 - to_eight_bits(DEEP)).all()


def test_percentiles_of_the_image_become_black_and_white() -> None:
    levels = image_levels(DEEP, ThermalLevels())
    np.testing.assert_allclose((levels.low, levels.high), np.percentile(DEEP, (1, 99)))
    wide = image_levels(DEEP, ThermalLevels(percentiles=(0.0, 100.0)))
    assert (wide.low, wide.high) == (7_000, 16_999)


def test_pixels_without_data_have_no_say() -> None:
    holed = DEEP.copy()
    holed[:50] = 0
    data = holed > 0
    seen = image_levels(holed, ThermalLevels(), data)
    np.testing.assert_allclose((seen.low, seen.high), np.percentile(DEEP[50:], (1, 99)))
    nothing = image_levels(holed, ThermalLevels(), np.zeros_like(data))
    assert nothing.low == 0  # of an image without any data, as of one that is known to be dark


@pytest.mark.parametrize(
    ("low", "high", "unit", "radiometry", "counts"),
    [
        (7_100.0, 7_200.0, "counts", None, (7_100, 7_200)),
        (280.0, 310.0, "kelvin", CENTIKELVIN, (28_000, 31_000)),
        (0.0, 40.0, "celsius", CENTIKELVIN, (27_315, 31_315)),
        (
            0.0,
            40.0,
            "celsius",
            {"kelvin_per_count": 0.04, "kelvin_at_zero": 0.0},
            (6828.75, 7828.75),
        ),
        (300.0, 310.0, "kelvin", {"kelvin_per_count": 0.1, "kelvin_at_zero": 250.0}, (500, 600)),
    ],
)
def test_a_range_is_in_counts_or_a_temperature(
    low: float, high: float, unit: Any, radiometry: Any, counts: tuple[float, float]
) -> None:
    choice = ThermalLevels(rule="range", low=low, high=high, unit=unit)
    levels = image_levels(DEEP, choice, None, radiometry)
    np.testing.assert_allclose((levels.low, levels.high), counts)


@pytest.mark.parametrize("unit", ["kelvin", "celsius"])
def test_temperatures_need_radiometry(unit: Any) -> None:
    choice = ThermalLevels(rule="range", low=0, high=40, unit=unit)
    with pytest.raises(ValueError, match=f"in {unit}, but the dataset states no kelvin_per_count"):
        image_levels(DEEP, choice)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rule": "range"}, "needs low and high"),
        ({"rule": "range", "low": 1.0}, "needs low and high"),
        ({"rule": "range", "low": 2.0, "high": 2.0}, "the first the lower"),
        ({"low": 1.0, "high": 2.0}, "leave them out, or set it"),
        ({"percentiles": [99.0, 1.0]}, "the first must be the lower"),
        ({"percentiles": [1.0, 101.0]}, "less than or equal to 100"),
        ({"percentiles": [1.0]}, "Field required"),
        ({"polarity": "hot"}, "white_hot"),
        ({"unit": "fahrenheit"}, "kelvin"),
        ({"gamma": 2.0}, "Extra inputs"),
    ],
)
def test_choices_that_mean_nothing_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ThermalLevels.model_validate(values)


def test_frames_of_a_sequence_share_percentiles_over_all_of_them() -> None:
    dark, bright = np.full((10, 10), 1_000, np.uint16), np.full((10, 10), 3_000, np.uint16)
    levels = sequence_levels([(dark, None), (bright, None)], ThermalLevels(rule="sequence"))
    assert levels == Levels(1_000, 3_000)
    assert levels.grey(dark).max() == 0 and levels.grey(bright).min() == 255
    half = np.zeros((10, 10), bool)
    half[:5] = True
    holed = np.where(half, bright, 0).astype(np.uint16)
    same = sequence_levels([(dark, None), (holed, half)], ThermalLevels(rule="sequence"))
    assert same == levels


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_percentiles_of_a_sequence_are_those_of_its_pixels(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    frames = [random.integers(0, 1 << 16, (40, 50), dtype=np.uint16) for _ in range(count)]
    levels = sequence_levels(((frame, None) for frame in frames), ThermalLevels(rule="sequence"))
    expected = np.percentile(np.stack(frames), (1, 99), method="inverted_cdf")
    assert (levels.low, levels.high) == tuple(expected)


def test_a_sequence_of_eight_bits_stays_as_it_is() -> None:
    assert sequence_levels([(EIGHT, None)], ThermalLevels(rule="sequence")) == AS_STORED
    assert sequence_levels([], ThermalLevels(rule="sequence")) == AS_STORED


CELSIUS = np.linspace(-20, 60, 100, dtype=np.float32).reshape(10, 10)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (CELSIUS, "celsius"),
        (CELSIUS + 273.15, "kelvin"),
        (np.full((4, 4), 21.5, np.float32), "celsius"),
        (np.full((4, 4), 250, np.float32), "kelvin"),
        (CELSIUS - 60, "celsius"),
        (CELSIUS * 2, "celsius"),
        (CELSIUS * 8 + 500, "kelvin"),
        (np.where(CELSIUS < -10, np.nan, CELSIUS), "celsius"),
        (np.where(CELSIUS > 58, 900, CELSIUS), "celsius"),
        (np.where(CELSIUS < -18, -9999, CELSIUS + 273.15), "kelvin"),
        (CELSIUS.astype(np.float64), "celsius"),
    ],
)
def test_the_unit_is_told_by_what_scenes_hold(values: Any, unit: str) -> None:
    found = measured(values, "x.tif")
    assert found.unit == unit
    kelvin = found.counts * FLOAT_RADIOMETRY["kelvin_per_count"]
    expected = values + (273.15 if unit == "celsius" else 0)
    known = np.isfinite(values) & (expected > 0) & (expected < 655)
    np.testing.assert_allclose(kelvin[known], expected[known], atol=0.0051)


@pytest.mark.parametrize(
    ("values", "reason", "said"),
    [
        (np.linspace(0, 1, 16).reshape(4, 4), "unknown_unit", "a normalised image"),
        (np.zeros((4, 4)), "unknown_unit", "a normalised image"),
        (np.linspace(0, 255, 16).reshape(4, 4), "unknown_unit", "neither kelvin nor celsius"),
        (np.linspace(0, 65535, 16).reshape(4, 4), "unknown_unit", "option float_thermal"),
        (np.full((4, 4), -5000.0), "no_data", "no pixel holds a temperature"),
        (np.full((4, 4), np.nan), "no_data", "no pixel holds a temperature"),
        (np.full((4, 4), np.inf), "no_data", "no pixel holds a temperature"),
        (np.full((4, 4), np.float32(-3.4e38)), "no_data", "no pixel holds a temperature"),
    ],
)
def test_what_are_no_temperatures_is_refused_with_a_way_out(
    values: Any, reason: str, said: str
) -> None:
    with pytest.raises(BadSample, match=said) as caught:
        measured(values.astype(np.float32), "x.tif")
    assert caught.value.reason == reason and caught.value.detail.startswith("x.tif: ")


def test_a_stated_unit_is_believed() -> None:
    assert measured(np.full((2, 2), 0.5, np.float32), "x", "celsius").counts[0, 0] == 27365
    assert measured(np.full((2, 2), 100.0, np.float32), "x", "kelvin").counts[0, 0] == 10000
    with pytest.raises(BadSample, match="no pixel holds a temperature in kelvin"):
        measured(np.full((2, 2), -1.0, np.float32), "x", "kelvin")


def test_what_is_no_temperature_has_no_data_and_what_is_too_hot_is_counted() -> None:
    values = np.full((10, 10), 20.0, np.float32)
    values[0, :5] = np.nan, np.inf, -9999, 500, 21
    found = measured(values, "x")
    assert found.counts[0, :6].tolist() == [0, 0, 0, 65535, 29415, 29315]
    assert (found.absent, found.clipped) == (3, 1)
