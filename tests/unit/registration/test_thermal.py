"""Levels, holes and absence of thermal, from the pairs through registration to later stages."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made.registered_pairs import (
    HEIGHT,
    SETTINGS,
    WIDTH,
    Made,
    joined,
    pair,
    register_pairs,
    rows_by_key,
    shift,
    unshifted,
    write_pairs,
)
from tests.made.scenes import scene
from twinband.core.errors import InputError
from twinband.core.thermal import Levels, to_eight_bits
from twinband.registration.pairs import filled
from twinband.registration.params import RegisterParams
from twinband.registration.thermal_histograms import thermal_histograms
from twinband.shards.registered import registered_pair

CENTIKELVIN = {"bits": 16, "radiometry": {"kelvin_per_count": 0.01, "kelvin_at_zero": 0.0}}


def deep(seed: int, base: int = 28_000, **made: Any) -> Made:
    """A pair whose thermal has 16 bits, from ``base`` counts on."""
    rgb, thermal = scene(seed, WIDTH, HEIGHT)
    return Made(rgb, thermal.astype(np.uint16) * 8 + base, **made)


def test_by_default_each_image_has_its_own_levels(tmp_path: Path) -> None:
    pairs = {"a": deep(1), "b": deep(2, base=30_000), "c": pair(3)}
    write_pairs(tmp_path / "pairs", pairs)
    register_pairs(tmp_path, aligned=True)
    samples = joined(tmp_path)
    for key, made in pairs.items():
        found = registered_pair(samples[key])
        np.testing.assert_array_equal(found.thermal, to_eight_bits(made.thermal))
        np.testing.assert_array_equal(found.counts, made.thermal)
    assert "thermal" not in samples["a"]["registered"], "images are never copied"


def test_frames_of_a_sequence_keep_their_levels_and_other_pairs_their_own(tmp_path: Path) -> None:
    cold, hot = deep(1, group="g", frame=0), deep(1, base=29_000, group="g", frame=1)
    write_pairs(tmp_path / "pairs", {"a": cold, "b": hot, "c": deep(2)})
    register_pairs(tmp_path, aligned=True, thermal_levels={"rule": "sequence"})
    samples = {key: registered_pair(sample) for key, sample in joined(tmp_path).items()}
    assert samples["b"].thermal.mean() > samples["a"].thermal.mean() + 50
    pooled = np.stack([cold.thermal, hot.thermal])
    low, high = np.percentile(pooled, (1, 99), method="inverted_cdf")
    expected = Levels(float(low), float(high))
    np.testing.assert_array_equal(samples["a"].thermal, expected.grey(cold.thermal))
    np.testing.assert_array_equal(samples["c"].thermal, to_eight_bits(deep(2).thermal))


def test_a_range_of_temperatures_is_the_same_grey_in_every_image(tmp_path: Path) -> None:
    pairs = {"a": deep(1, described=CENTIKELVIN), "b": deep(2, base=29_500, described=CENTIKELVIN)}
    write_pairs(tmp_path / "pairs", pairs)
    choice = {"rule": "range", "low": 0.0, "high": 40.0, "unit": "celsius"}
    register_pairs(tmp_path, aligned=True, thermal_levels=choice)
    for key, sample in joined(tmp_path).items():
        celsius = pairs[key].thermal / 100 - 273.15
        grey = np.clip(celsius / 40 * 255, 0, 255)
        np.testing.assert_allclose(registered_pair(sample).thermal, grey, atol=0.51)


def test_temperatures_of_counts_are_refused_by_name(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": deep(1)})
    choice = {"rule": "range", "low": 0.0, "high": 40.0, "unit": "celsius"}
    with pytest.raises(InputError, match=r"pair raw/a: .*states no kelvin_per_count"):
        register_pairs(tmp_path, aligned=True, thermal_levels=choice)


def test_black_hot_thermal_is_turned_and_stored_as_it_was(tmp_path: Path) -> None:
    made = pair(1)
    write_pairs(tmp_path / "pairs", {"a": made})
    register_pairs(tmp_path, aligned=True, thermal_levels={"polarity": "black_hot"})
    found = registered_pair(joined(tmp_path)["a"])
    np.testing.assert_array_equal(found.thermal, 255 - made.thermal)
    np.testing.assert_array_equal(found.counts, made.thermal)


def holed(seed: int, x: int = 0, y: int = 0) -> tuple[Made, NDArray[np.bool_]]:
    """A pair with a hole in thermal, which a shift by ``x, y`` registers; and where it has data."""
    made = deep(seed)
    counts = unshifted(made.thermal, x, y).copy()
    data = np.ones(counts.shape, bool)
    data[20:40, 30:70] = False
    counts[~data] = 0
    return Made(made.rgb, counts, described={"no_data": 0}), data


def test_holes_are_invalid_and_have_no_say_in_levels(tmp_path: Path) -> None:
    made, data = holed(1)
    write_pairs(tmp_path / "pairs", {"a": made, "b": deep(2, described={"no_data": 0})})
    rows = rows_by_key(register_pairs(tmp_path, aligned=True))
    samples = joined(tmp_path)
    found = registered_pair(samples["a"])
    np.testing.assert_array_equal(found.valid, data)
    assert not found.thermal[~data].any()
    low, high = np.percentile(made.thermal[data], (1, 99))
    expected = Levels(float(low), float(high)).grey(made.thermal)
    np.testing.assert_array_equal(found.thermal, expected)
    assert rows["a"]["valid_fraction"] == pytest.approx(data.mean())
    assert not rows["a"]["resampled"] and "thermal" not in samples["a"]["registered"]
    assert "valid" not in samples["b"]["registered"], "nothing is missing there"


@pytest.mark.parametrize("grid", ["rgb", "thermal"])
def test_holes_move_with_thermal_and_stay_where_rgb_moves(tmp_path: Path, grid: str) -> None:
    made, data = holed(1, 6, -4)
    write_pairs(tmp_path / "pairs", {"a": made})
    register_pairs(tmp_path, supplied={"*": shift(6, -4)}, grid=grid)
    found = registered_pair(joined(tmp_path)["a"])
    expected = np.zeros((HEIGHT, WIDTH), bool)
    if grid == "rgb":
        expected[:-4, 6:] = data[4:, :-6]
        assert not found.counts[~expected].any()
    else:
        expected[4:, :-6] = data[4:, :-6]
    np.testing.assert_array_equal(found.valid, expected)


def test_registration_does_not_take_the_border_of_a_hole_for_an_edge() -> None:
    made, data = holed(1)
    whole = filled(made.thermal, data)
    np.testing.assert_array_equal(whole[data], made.thermal[data])
    assert whole.min() >= made.thermal[data].min()
    assert whole[30, 31] == made.thermal[30, 29]
    assert filled(whole, None) is whole
    nothing = np.zeros((3, 3), np.uint16)
    assert filled(nothing, np.zeros((3, 3), bool)) is nothing


def test_a_pair_without_thermal_keeps_its_image_and_labels(tmp_path: Path) -> None:
    classes = np.full((HEIGHT, WIDTH), 3, np.uint8)
    boxes = [{"class": "car", "xyxy": [1.0, 2.0, 30.0, 40.0]}]
    lone = replace(
        pair(1, group="g"), images={"semantics": classes}, labels={"boxes": boxes}, described=None
    )
    write_pairs(tmp_path / "pairs", {"a": lone, "b": pair(2), "c": pair(3)})
    settings: dict[str, Any] = {"rig": "dataset", "pooled_pairs": 2, "on_failure": "use_rig"}
    rows = rows_by_key(register_pairs(tmp_path, **settings))
    row = rows["a"]
    assert (row["registration"], row["registration_reason"]) == ("absent", "no_thermal")
    assert not row["thermal_present"] and row["training"] and row["valid_fraction"] == 1
    assert row["score"] is None and rows["b"]["score"] is not None
    found = registered_pair(joined(tmp_path)["a"])
    np.testing.assert_array_equal(found.rgb, lone.rgb)
    assert not found.thermal_present and not found.thermal.any() and found.valid.all()
    assert found.thermal.shape == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(found.labels["semantics"], classes)
    assert found.labels["boxes"] == boxes


def test_without_thermal_its_grid_cannot_be_had(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": replace(pair(1), described=None)})
    with pytest.raises(InputError, match="set the grid to rgb"):
        register_pairs(tmp_path, grid="thermal", aligned=True)


def test_levels_stand_in_every_sample(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    register_pairs(tmp_path, aligned=True)
    stored = joined(tmp_path)["a"]["registered"]["json"]["registered"]
    assert stored["thermal_levels"] == {"low": 0, "high": 255, "inverted": False}
    assert json.loads(json.dumps(stored)) == stored


def histogram(base: Path, **settings: Any) -> bytes | None:
    params = RegisterParams(**{**SETTINGS, "aligned": True, **settings})
    register_pairs(base, aligned=True, **settings)
    return thermal_histograms(base / "pairs", base / "registered", params)


@pytest.mark.parametrize(
    "made",
    [
        {"a": pair(1), "b": pair(2)},
        {"a": deep(1, described=CENTIKELVIN), "b": deep(2, described=CENTIKELVIN)},
        {"a": holed(1)[0], "b": pair(1)},
        {"a": Made(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint16))},
    ],
    ids=["8 bits", "celsius", "mixed", "flat"],
)
def test_histograms_are_drawn_alike_each_time(tmp_path: Path, made: dict[str, Made]) -> None:
    write_pairs(tmp_path / "pairs", made)
    first = histogram(tmp_path)
    assert first is not None and first.startswith(b"<?xml")
    assert histogram(tmp_path) == first


def test_without_thermal_there_is_no_histogram(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": replace(pair(1), described=None)})
    assert histogram(tmp_path) is None
