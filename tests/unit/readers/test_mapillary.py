"""The reader ``mapillary``."""

from pathlib import Path

import numpy as np

from tests.made.image_sets import (
    checked,
    mapillary,
    mapillary_half,
    member,
    remarks,
    train_ids,
    write_set,
)
from tests.made.layouts import scan


def test_folders_of_one_split_have_two_names(tmp_path: Path) -> None:
    write_set(tmp_path, mapillary(), mapillary("val", "b", 1))
    entries, problems = scan("mapillary", tmp_path)
    assert not problems
    assert {n: (e.split, e.files["rgb"]) for n, e in entries.items()} == {
        "train/_1Gn_xkw": ("train", "training/images/_1Gn_xkw.jpg"),
        "val/b": ("val", "validation/images/b.jpg"),
    }
    pair = checked("mapillary", tmp_path, "val/b")
    assert np.array_equal(member(pair, "semantics.png"), train_ids(1))


def test_val_is_read_at_half_size_where_it_is_there(tmp_path: Path) -> None:
    write_set(tmp_path, mapillary(), mapillary("val", "b", 1), mapillary_half("b", 2))
    entries, problems = scan("mapillary", tmp_path)
    assert not problems
    assert entries["val/b"].files == {
        "rgb": "half/val_img/b.png",
        "semantics": "half/val_label/b.png",
    }
    said = remarks("mapillary", tmp_path)
    assert "images and labels of val at full size, since half/ has them: 3" in said
    assert "fit no pattern" not in said


def test_half_alone_is_a_set(tmp_path: Path) -> None:
    write_set(tmp_path, mapillary_half())
    entries, _ = scan("mapillary", tmp_path)
    assert [entry.split for entry in entries.values()] == ["val"]


def test_images_of_version_1_2_may_be_a_folder_deeper(tmp_path: Path) -> None:
    write_set(
        tmp_path,
        {path.replace("/images/", "/v1.2/images/"): image for path, image in mapillary().items()},
    )
    assert list(scan("mapillary", tmp_path)[0]) == ["train/_1Gn_xkw"]
