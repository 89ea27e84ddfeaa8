"""The reader ``nyuv2``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.image_sets import checked, deep, ids, member, nyuv2, remarks, rgb, write_set
from tests.made.layouts import scan, write_text


def test_void_becomes_255_and_classes_begin_with_0(tmp_path: Path) -> None:
    write_set(tmp_path, nyuv2())
    pair = checked("nyuv2", tmp_path, "0")
    stored = ids(41)
    wanted = np.where(stored == 0, 255, stored - 1)
    assert np.array_equal(member(pair, "semantics.png"), wanted)


@pytest.mark.parametrize(
    ("options", "said"), [({}, {"metres_per_count": 0.001}), ({"depth_scale": 0.0}, None)]
)
def test_depth_keeps_every_count(tmp_path: Path, options: dict[str, Any], said: Any) -> None:
    write_set(tmp_path, nyuv2())
    pair = checked("nyuv2", tmp_path, "0", **options)
    assert np.array_equal(member(pair, "depth.png"), deep())
    assert json.loads(pair.fields["json"]).get("depth") == said


def test_lists_of_two_columns_name_the_splits(tmp_path: Path) -> None:
    write_set(tmp_path, *(nyuv2(str(number), number) for number in range(3)))
    write_text(tmp_path / "train.txt", "RGB/0.jpg\tLabel/0.png\nRGB/2.jpg\tLabel/2.png\n")
    write_text(tmp_path / "test.txt", "RGB/1.jpg\tLabel/1.png\n")
    entries, problems = scan("nyuv2", tmp_path)
    assert not problems
    assert [entry.split for entry in entries.values()] == ["train", "test", "train"]
    assert "not read: 3 (e.g. HHA/0.jpg)" in remarks("nyuv2", tmp_path)


@pytest.mark.parametrize("depth", [rgb(), rgb()[..., :1].repeat(3, axis=2)])
def test_depth_has_one_channel(tmp_path: Path, depth: np.ndarray) -> None:
    write_set(tmp_path, {**nyuv2(), "Depth/0.png": depth})
    pair = checked("nyuv2", tmp_path, "0")
    if (depth == depth[..., :1]).all():
        assert np.array_equal(member(pair, "depth.png"), depth[..., 0])
        assert member(pair, "depth.png").dtype == np.uint16
    else:
        assert pair.row["labels"] == ["semantics"] and "HHA" in pair.notes["label_dropped"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_splits_may_be_folders(tmp_path: Path, split: str) -> None:
    write_set(tmp_path, {f"{split}/{path}": image for path, image in nyuv2().items()})
    entries, _ = scan("nyuv2", tmp_path)
    assert {name: entry.split for name, entry in entries.items()} == {f"{split}/0": split}
