"""What ingest writes of sets with holes, and without thermal, as registration reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.image_sets import bdd100k, deep, grey, ids, nyuv2, pst900, train_ids, write_set
from tests.made.raw_pairs import ingest_folder
from tests.made.registered_pairs import joined, register_pairs
from twinband.shards.registered import registered_pair


def registered(base: Path, reader: str, **settings: Any) -> dict[str, Any]:
    """Pairs by key, after ingest and registration of ``base/raw``."""
    ingest_folder(base / "raw", base, reader=reader, near_duplicate_bits=-1)
    register_pairs(base, **settings)
    return {key: registered_pair(sample) for key, sample in joined(base).items()}


@pytest.mark.parametrize("aligned", [True, False])
def test_rgb_with_depth_keeps_its_labels(tmp_path: Path, aligned: bool) -> None:
    write_set(tmp_path / "raw", *(nyuv2(str(number), number) for number in range(2)))
    found = registered(tmp_path, "nyuv2", aligned=aligned)["1"]
    assert not found.thermal_present and found.training and found.valid.all()
    assert np.array_equal(found.labels["depth"], deep(1))
    stored = ids(41, 1)
    assert np.array_equal(found.labels["semantics"], np.where(stored == 0, 255, stored - 1))


def test_street_scenes_keep_their_classes(tmp_path: Path) -> None:
    write_set(tmp_path / "raw", bdd100k(), bdd100k("val", "b", 1))
    found = registered(tmp_path, "bdd100k", aligned=False)["val-b"]
    assert np.array_equal(found.labels["semantics"], train_ids(1))


def test_holes_of_pst900_are_invalid(tmp_path: Path) -> None:
    pair = dict(pst900())
    thermal = np.maximum(grey(), 1)
    thermal[3:9, 4:20] = 0
    pair["train/thermal/31_bag1a_frame7.png"] = thermal
    write_set(tmp_path / "raw", pair)
    [found] = registered(tmp_path, "pst900", aligned=True).values()
    assert np.array_equal(found.valid, thermal > 0)
    assert np.array_equal(found.counts, thermal)
