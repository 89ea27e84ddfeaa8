"""Registration of a dataset: every kind of pair, grids, depths and labels."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.registered_pairs import (
    HEIGHT,
    WIDTH,
    Made,
    apart,
    joined,
    name_of,
    pair,
    register_pairs,
    rows_by_key,
    shift,
    unshifted,
    write_pairs,
)
from tests.made.scenes import displaced, scene
from twinband.registration.facts import facts_of
from twinband.registration.geometry import Frame, Matrix, Similarity, corner_error_px, grid_change
from twinband.shards.product import Built
from twinband.shards.registered import registered_pair
from twinband.verify import verify_product

FRAME = Frame(WIDTH, HEIGHT)
MOTION = Similarity(6.0, -4.0, math.radians(1.2), math.log(1.02))
IDENTITY = np.eye(3).ravel().tolist()


# Every kind of pair, by the search that is the default.


def every_kind() -> tuple[dict[str, Made], Matrix]:
    """Pairs by what they are, and the true transform of the moved one."""
    rgb, thermal = scene(1, 320, 200)
    moved, truth = displaced(thermal, MOTION)
    night = np.random.default_rng(0).integers(0, 3, rgb.shape).astype(np.uint8)
    other = scene(60, 320, 200)[1]
    pairs = {
        "moved": Made(rgb, moved),
        "aligned": Made(rgb, thermal),
        "wrong": Made(rgb, other, images={"semantics": thermal}, labels={"boxes": []}),
        "black": Made(np.zeros_like(rgb), thermal),
        "night": Made(night, thermal),
        "saturated": Made(rgb, np.full_like(thermal, 255)),
        "flat16": Made(rgb, np.full(thermal.shape, 30_000, np.uint16)),
        "half-saturated": Made(rgb, np.where(np.arange(320) < 160, thermal, np.uint8(255))),
        "tiny": Made(rgb[:16, :16], thermal[:16, :16]),
        "tiny-flat": Made(np.zeros((16, 16, 3), np.uint8), np.zeros((16, 20), np.uint16)),
        "long": Made(rgb, thermal[:30]),
    }
    return pairs, truth


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built, Matrix]:
    base = tmp_path_factory.mktemp("kinds")
    pairs, truth = every_kind()
    write_pairs(base / "pairs", {**pairs, "bad": None}, {})
    done = register_pairs(base, truth={name_of("moved"): truth, name_of("wrong"): truth})
    return base, done, truth


def test_every_pair_gets_a_status_and_a_reason(kinds: tuple[Path, Built, Matrix]) -> None:
    rows = rows_by_key(kinds[1])
    found = {key: (row["registration"], row["registration_reason"]) for key, row in rows.items()}
    half_saturated = found.pop("half-saturated")
    assert half_saturated[0] in ("accepted", "already_aligned", "failed")
    assert found.pop("wrong")[0] == "failed"
    assert found == {
        "moved": ("accepted", ""),
        "aligned": ("already_aligned", "motion_below_threshold"),
        "black": ("failed", "flat_rgb"),
        "night": ("failed", "flat_rgb"),
        "saturated": ("failed", "flat_thermal"),
        "flat16": ("failed", "flat_thermal"),
        "tiny": ("failed", "too_small"),
        "tiny-flat": ("failed", "too_small"),
        "long": ("failed", "too_small"),
    }
    assert {row["policy"] for row in rows.values() if row["registration"] == "failed"} == {
        "keep_identity"
    }
    assert all(row["status"] == "ok" and row["source"] == "pair" for row in rows.values())
    for row in rows.values():
        assert all(value is None or math.isfinite(value) for value in numbers(row))


def numbers(row: Mapping[str, Any]) -> list[float | None]:
    return [value for value in row.values() if value is None or isinstance(value, float)]


def test_the_product_verifies_and_joins_with_its_pairs(
    kinds: tuple[Path, Built, Matrix],
) -> None:
    base, done, _ = kinds
    assert verify_product(base / "registered", source=base / "pairs") == []
    assert (done.shards, done.continued) == (2, 0)
    assert set(joined(base)) == set(rows_by_key(done)) == set(every_kind()[0])
    card = (base / "registered" / "README.md").read_text()
    assert "11 pairs on the rgb grid" in card and "| status: accepted |" in card


def test_a_moved_pair_is_brought_back_and_only_then_resampled(
    kinds: tuple[Path, Built, Matrix],
) -> None:
    base, done, truth = kinds
    row, sample = rows_by_key(done)["moved"], joined(base)["moved"]
    assert set(sample["registered"]) == {"thermal", "valid", "json"}
    found = registered_pair(sample)
    np.testing.assert_array_equal(found.rgb, sample["pairs"]["rgb"])
    original = scene(1, 320, 200)[1]
    inner = np.zeros_like(found.valid)
    inner[15:-15, 15:-15] = True
    before = np.abs(sample["pairs"]["thermal"].astype(float) - original)[inner].mean()
    assert np.abs(found.thermal.astype(float) - original)[inner].mean() < before / 2
    assert row["resampled"] and row["valid_fraction"] == found.valid.mean() < 1
    assert row["corner_error_px"] < 0.7 < 5 < row["corner_error_px_before"]
    assert row["corner_error_px_before"] == pytest.approx(
        corner_error_px(np.eye(3), truth, Frame(320, 200))
    )
    assert row["score"] > 0.3 > row["score_before"] and row["forward_backward_px"] < 1
    assert row["residual_px_median"] < 1.0


def test_a_rejected_transform_is_never_applied(kinds: tuple[Path, Built, Matrix]) -> None:
    base, done, _ = kinds
    row, sample = rows_by_key(done)["wrong"], joined(base)["wrong"]
    assert row["matrix"] == IDENTITY != row["estimate"]
    assert not row["resampled"] and row["valid_fraction"] == 1.0
    assert set(sample["registered"]) == {"json"}
    assert row["corner_error_px"] == row["corner_error_px_before"] > 5
    found = registered_pair(sample)
    for name in ("rgb", "thermal"):
        np.testing.assert_array_equal(getattr(found, name), sample["pairs"][name])
    np.testing.assert_array_equal(found.labels["semantics"], sample["pairs"]["semantics"])
    assert found.labels["boxes"] == [] and found.valid.all() and found.training


def test_an_aligned_pair_is_left_untouched(kinds: tuple[Path, Built, Matrix]) -> None:
    base, done, _ = kinds
    row = rows_by_key(done)["aligned"]
    assert row["matrix"] == IDENTITY and not row["resampled"] and row["policy"] == ""
    assert set(joined(base)["aligned"]["registered"]) == {"json"}


def test_a_failed_pair_of_other_sizes_still_comes_onto_one_grid(
    kinds: tuple[Path, Built, Matrix],
) -> None:
    base, done, _ = kinds
    for key, shape in (("long", (200, 320)), ("tiny-flat", (16, 16))):
        found = registered_pair(joined(base)[key])
        assert found.thermal.shape == found.valid.shape == found.rgb.shape[:2] == shape
        assert found.valid.all() and rows_by_key(done)[key]["resampled"]


def test_its_facts_tell_the_distribution(kinds: tuple[Path, Built, Matrix]) -> None:
    facts = facts_of(kinds[1].manifest)
    assert facts.pairs == 11 and sum(facts.status.values()) == 11
    assert facts.reasons["flat_rgb"] == 2 and facts.reasons["too_small"] == 3
    corner = facts.corner_error_px
    assert corner is not None and (corner.pairs, corner.under_5px) == (2, 0.5)


# Grids, depths, labels.

CLASSES = np.array([0, 2, 9], np.uint8)[np.random.default_rng(1).integers(0, 3, (HEIGHT, WIDTH))]
BOX = {"class": "person", "xyxy": [20.0, 30.0, 40.0, 60.0]}
TARGET = [1.0, 2.0, 9.0, 9.0]
LABELS = {"boxes": [BOX], "target_rgb": TARGET, "target_thermal": TARGET}


def test_deep_thermal_keeps_its_depth_and_values(tmp_path: Path) -> None:
    rgb, thermal = scene(1, WIDTH, HEIGHT)
    deep = unshifted(thermal, 6, -4).astype(np.uint16) * 113 + 7001
    write_pairs(tmp_path / "pairs", {"a": Made(rgb, deep)})
    register_pairs(tmp_path, supplied={"*": shift(6, -4)})
    found = registered_pair(joined(tmp_path)["a"])
    assert found.counts.dtype == np.uint16 and found.thermal.dtype == np.uint8
    np.testing.assert_array_equal(found.counts[:-4, 6:], deep[4:, :-6])
    valid = np.zeros((HEIGHT, WIDTH), bool)
    valid[:-4, 6:] = True
    np.testing.assert_array_equal(found.valid, valid)
    assert not found.thermal[~valid].any() and not found.counts[~valid].any()


@pytest.mark.parametrize("size", [(80, 60), (320, 240), (128, 128), (100, 90)])
def test_other_sizes_and_aspect_ratios_come_onto_the_rgb_grid(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    rgb, _ = scene(1, WIDTH, HEIGHT)
    thermal = np.full(size[::-1], 30_000, np.uint16)
    write_pairs(tmp_path / "pairs", {"a": Made(rgb, thermal)})
    [row] = register_pairs(tmp_path, aligned=True).manifest.to_pylist()
    expected = grid_change(Frame(*size), FRAME)
    assert row["matrix"] == expected.ravel().tolist() and row["resampled"]
    found = registered_pair(joined(tmp_path)["a"])
    assert found.thermal.shape == (HEIGHT, WIDTH) and found.valid.all()
    assert (found.counts == 30_000).all()


def test_on_the_rgb_grid_labels_of_rgb_stay_and_those_of_thermal_move(tmp_path: Path) -> None:
    images = {"semantics": CLASSES, "mask_thermal": CLASSES}
    write_pairs(tmp_path / "pairs", {"a": apart(1, 6, -4, images=images, labels=LABELS)})
    register_pairs(tmp_path, supplied={"*": shift(6, -4)})
    sample = joined(tmp_path)["a"]
    assert set(sample["registered"]) == {"thermal", "valid", "mask_thermal", "json"}
    labels = registered_pair(sample).labels
    np.testing.assert_array_equal(labels["semantics"], CLASSES)
    np.testing.assert_array_equal(labels["mask_thermal"][:-4, 6:], CLASSES[4:, :-6])
    assert labels["boxes"] == [BOX] and labels["target_rgb"] == TARGET
    assert labels["target_thermal"] == [7.0, 0.0, 15.0, 5.0]


def test_labels_drawn_on_thermal_move_with_it(tmp_path: Path) -> None:
    outside = {"class": "person", "xyxy": [156.0, 30.0, 160.0, 60.0]}
    labels = {"boxes": [BOX, outside]}
    made = apart(1, 6, -4, images={"semantics": CLASSES}, labels=labels)
    write_pairs(tmp_path / "pairs", {"a": made})
    register_pairs(tmp_path, supplied={"*": shift(6, -4)}, labels_on="thermal")
    found = registered_pair(joined(tmp_path)["a"])
    assert found.labels["boxes"] == [{"class": "person", "xyxy": [26.0, 26.0, 46.0, 56.0]}]
    assert set(np.unique(found.labels["semantics"])) == {0, 2, 9}
    np.testing.assert_array_equal(found.labels["semantics"][:-4, 6:], CLASSES[4:, :-6])


def test_on_the_thermal_grid_rgb_moves_back(tmp_path: Path) -> None:
    made = apart(1, 6, -4, images={"semantics": CLASSES}, labels=LABELS)
    rgb, thermal = made.rgb, made.thermal
    write_pairs(tmp_path / "pairs", {"a": made})
    done = register_pairs(tmp_path, supplied={"*": shift(6, -4)}, grid="thermal")
    [row] = done.manifest.to_pylist()
    assert row["grid"] == "thermal" and row["matrix"] == shift(6, -4).ravel().tolist()
    sample = joined(tmp_path)["a"]
    assert set(sample["registered"]) == {"rgb", "valid", "semantics", "json"}
    found = registered_pair(sample)
    np.testing.assert_array_equal(found.thermal, thermal)
    np.testing.assert_array_equal(found.rgb[4:, :-6], rgb[:-4, 6:])
    assert not found.valid[:4].any() and not found.valid[:, -6:].any()
    assert found.valid[4:, :-6].all() and not found.rgb[~found.valid].any()
    assert found.labels["boxes"] == [{"class": "person", "xyxy": [14.0, 34.0, 34.0, 64.0]}]
    np.testing.assert_array_equal(found.labels["semantics"][4:, :-6], CLASSES[:-4, 6:])
    assert found.labels["target_thermal"] == TARGET


def test_the_thermal_grid_has_the_thermal_images_size(tmp_path: Path) -> None:
    rgb, _ = scene(1, WIDTH, HEIGHT)
    write_pairs(tmp_path / "pairs", {"a": Made(rgb, scene(1, 80, 60)[1])})
    register_pairs(tmp_path, aligned=True, grid="thermal")
    found = registered_pair(joined(tmp_path)["a"])
    assert found.rgb.shape == (60, 80, 3) and found.valid.all()
    assert abs(float(found.rgb.mean()) - float(rgb.mean())) < 2


def test_corner_errors_against_the_truth_are_exact(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": apart(1, 6, 8), "b": apart(2, 6, 8)})
    truth = {name_of("a"): shift(3, 4)}
    done = register_pairs(tmp_path, supplied={"*": shift(6, 8)}, truth=truth)
    rows = rows_by_key(done)
    assert rows["a"]["corner_error_px_before"] == rows["a"]["corner_error_px"] == 5.0
    assert rows["b"]["corner_error_px_before"] is rows["b"]["corner_error_px"] is None
    assert rows["a"]["motion_px"] == 10.0


def test_every_sample_says_how_much_misalignment_to_expect(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    done = register_pairs(tmp_path, aligned=True, shift_tolerance_working_px=2.5)
    assert rows_by_key(done)["a"]["shift_tolerance_px"] == 2.5
    assert registered_pair(joined(tmp_path)["a"]).shift_tolerance_px == 2.5
