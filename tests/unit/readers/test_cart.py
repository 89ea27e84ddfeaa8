"""The reader ``cart``."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.image_sets import cart, checked, deep, grey, ids, member, remarks, write_set
from tests.made.layouts import scan, write_text

FLIGHT = "duck_ONR_2023-03-21"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_set(
        tmp_path,
        *(cart(FLIGHT, f"{number:05d}", number) for number in (10, 20)),
        cart("big_bear_ONR_2022-05-08", "00180"),
    )


@pytest.mark.parametrize("folder", ["splits/rgbt_splits", "rgbt_splits", "."])
def test_lists_of_the_repository_name_the_splits(root: Path, folder: str) -> None:
    for split, flight, number in (
        ("train", FLIGHT, "00010"),
        ("val", FLIGHT, "00020"),
        ("test", "big_bear_ONR_2022-05-08", "00180"),
    ):
        line = f"color/{flight}_eo-{number}.jpg,annotations/{flight}_mask-{number}.png\n"
        write_text(root / folder / f"rgb_{split}.txt", line)
        write_text(root / folder / f"thermal8_{split}.txt", "thermal8/x_thermal-1.jpg,y.png\n")
    entries, problems = scan("cart", root)
    assert not problems
    assert {name: (e.split, e.group, e.frame) for name, e in entries.items()} == {
        f"{FLIGHT}/00010": ("train", FLIGHT, 0),
        f"{FLIGHT}/00020": ("val", FLIGHT, 1),
        "big_bear_ONR_2022-05-08/00180": ("test", "big_bear_ONR_2022-05-08", 0),
    }


def test_thermal_is_as_measured_unless_asked_otherwise(root: Path) -> None:
    pair = checked("cart", root, f"{FLIGHT}/00020")
    assert np.array_equal(member(pair, "thermal.png"), deep(20))
    pair = checked("cart", root, f"{FLIGHT}/00020", thermal="thermal8")
    assert member(pair, "thermal.jpg").dtype == np.uint8


@pytest.mark.parametrize("options", [{}, {"thermal": "thermal8"}])
def test_masks_keep_their_ids_and_the_other_thermal_images_are_told(
    root: Path, options: dict[str, Any]
) -> None:
    pair = checked("cart", root, f"{FLIGHT}/00020", **options)
    assert np.array_equal(member(pair, "semantics.png"), ids(12, 20))
    said = remarks("cart", root, **options)
    assert "not read: 3" in said and "fit no pattern" not in said


def test_the_folder_of_the_pairs_alone_and_thermal_singles(root: Path) -> None:
    entries, _ = scan("cart", root / "labeled_rgbt_pairs")
    assert len(entries) == 3
    write_set(root, {"labeled_thermal_singles/duck/t1/thermal8/thermal-1.png": grey()})
    entries, problems = scan("cart", root)
    assert len(entries) == 3 and not problems
    assert "not read: 4" in remarks("cart", root)
