"""Datasets of RGB images alone, from the layout to the manifest."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.made.image_sets import deep, ids, write_set
from tests.made.layouts import scan
from tests.made.raw_pairs import SETTINGS, encoded, ingest_folder, rows_by_name, scene, write
from twinband.commands._datasets_check import check_dataset, in_words
from twinband.core.errors import BadSample
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_dataset
from twinband.ingest.facts import card, facts_of
from twinband.ingest.params import IngestParams
from twinband.shards.read import open_products

OPTIONS: dict[str, Any] = {"rgb": "rgb/*.png", "thermal": ""}
PARAMS = IngestParams.model_validate(SETTINGS)
LABELS: dict[str, Any] = {
    "semantics": "labels/*.png",
    "depth": "depth/*.png",
    "depth_scale": 0.001,
}


def write_rgb(root: Path, *seeds: int) -> Path:
    for place, seed in enumerate(seeds):
        write(root / f"rgb/{place:03d}.png", encoded(scene(seed)[0], ".png"))
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_rgb(tmp_path / "raw", *range(4))


def test_the_shard_has_no_thermal_member_and_says_so(root: Path, tmp_path: Path) -> None:
    built = ingest_folder(root, tmp_path, reader="paired_folders", options=OPTIONS)
    row = rows_by_name(built)["002"]
    assert row["status"] == "ok" and row["notes"] == ["thermal_absent"]
    assert {k: v for k, v in row.items() if k.startswith("thermal_")} == {
        "thermal_path": "",
        "thermal_sha256": "",
        "thermal_bits": 0,
        "thermal_width": None,
        "thermal_height": None,
        "thermal_channels": None,
        "thermal_hash": None,
        "thermal_thumbnail": None,
    }
    sample = next(
        s for s in map(open_products({"pairs": tmp_path / "pairs"}).__getitem__, range(4))
        if s["key"] == "002"
    )["pairs"]  # fmt: skip
    assert set(sample) == {"rgb", "json"}
    assert np.array_equal(sample["rgb"], scene(2)[0])
    assert sample["json"] == {"name": "002", "attributes": {}, "thermal": None, "labels": {}}


def test_facts_and_card_count_them(root: Path, tmp_path: Path) -> None:
    built = ingest_folder(root, tmp_path, reader="paired_folders", options=OPTIONS)
    facts = facts_of(built.manifest)
    assert (facts.pairs, facts.without_thermal) == (4, 4)
    text = (tmp_path / "pairs/README.md").read_text()
    assert "| without thermal | 4 |" in text
    both = rows_with_thermal(built.manifest)
    assert "without_thermal" not in facts_of(both).plain()
    assert "without thermal" not in card("x", PARAMS, facts_of(both))


def rows_with_thermal(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("thermal_path")
    return rows.set_column(place, "thermal_path", rows["rgb_path"])


def test_copies_are_known_by_the_rgb_image_alone(tmp_path: Path) -> None:
    root = write_rgb(tmp_path / "raw", 0, 1, 0, 3)
    near = np.clip(scene(3)[0].astype(int) + 2, 0, 255).astype(np.uint8)
    write(root / "rgb/004.png", encoded(near, ".png"))
    built = ingest_folder(root, tmp_path, reader="paired_folders", options=OPTIONS)
    gone = {n: r["reason"] for n, r in rows_by_name(built).items() if r["status"] == "duplicate"}
    assert sorted(gone.values()) == ["exact_duplicate", "near_duplicate"]
    assert set(gone) <= {"000", "002", "003", "004"}
    assert built.manifest.num_rows == 5


def test_labels_stand_on_the_rgb_image(root: Path, tmp_path: Path) -> None:
    depth = np.resize(deep(), (48, 64))
    classes = np.resize(ids(5), (48, 64))
    for number in range(4):
        write_set(root, {f"depth/{number:03d}.png": depth, f"labels/{number:03d}.png": classes})
    write_set(root, {"labels/003.png": ids(5)})
    built = ingest_folder(root, tmp_path, reader="paired_folders", options={**OPTIONS, **LABELS})
    rows = rows_by_name(built)
    assert rows["000"]["labels"] == ["depth", "semantics"]
    assert rows["003"]["labels"] == ["depth"] and "label_dropped" in rows["003"]["notes"]
    pairs = open_products({"pairs": tmp_path / "pairs"})
    for sample in (pairs[number]["pairs"] for number in range(3)):
        assert np.array_equal(sample["depth"], depth) and sample["depth"].dtype == np.uint16
        assert sample["json"]["depth"] == {"metres_per_count": 0.001}


def test_a_check_speaks_of_rgb_only(root: Path) -> None:
    check = check_dataset("paired_folders", str(root), OPTIONS)
    assert [(images.modality, images.count) for images in check.images] == [("rgb", 4)]
    text = "\n".join(in_words(check))
    assert "4  thermal_absent: there is no thermal image" in text and "problems: none" in text


def test_the_library_gives_the_rgb_image_and_says_that_there_is_no_other(root: Path) -> None:
    pair = open_dataset("paired_folders", str(root), **OPTIONS)[1]
    assert pair.sources == {"rgb": "rgb/001.png"}
    assert np.array_equal(pair.rgb, scene(1)[0])
    with pytest.raises(BadSample, match="RGB images alone") as caught:
        _ = pair.thermal
    assert caught.value.reason == "thermal_absent"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rgb": "rgb/*.png"}, "thermal: missing"),
        ({"rgb": "", "thermal": ""}, "rgb needs a pattern"),
        ({"rgb": "", "thermal": "ir/*.png"}, "rgb needs a pattern"),
    ],
)
def test_thermal_is_never_left_out_by_mistake(
    root: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParamsError, match=said):
        scan("paired_folders", root, **options)


@pytest.mark.parametrize("layout", ["lists", "folders"])
def test_splits_and_coco_boxes_need_no_thermal(tmp_path: Path, layout: str) -> None:
    options: dict[str, Any] = {"rgb": "*/*.png", "thermal": "", "coco_boxes": "boxes.json"}
    folders = {"lists": ("a", "b"), "folders": ("train", "test")}[layout]
    for seed, folder in enumerate(folders):
        write(tmp_path / folder / f"{seed}.png", encoded(scene(seed)[0], ".png"))
    if layout == "lists":
        write(tmp_path / "lists/train.txt", b"a/0.png\n")
        write(tmp_path / "lists/test.txt", b"b/1.png\n")
        options["split_files"] = "lists/{split}.txt"
    coco = {
        "images": [{"id": 1, "file_name": "0.png", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "car"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    }
    write(tmp_path / "boxes.json", json.dumps(coco).encode())
    entries, problems = scan("paired_folders", tmp_path, **options)
    assert not problems
    assert {entry.split for entry in entries.values()} == {"train", "test"}
    pairs = open_dataset("paired_folders", str(tmp_path), **options)
    [pair] = [pair for pair in pairs if pair.entry.shared]
    assert pair.labels["boxes"][0]["xyxy"] == [1.0, 2.0, 4.0, 6.0]


def test_depth_by_jpeg_is_refused(root: Path) -> None:
    write(root / "depth/000.jpg", encoded(scene(0)[1], ".jpg"))
    options = {**OPTIONS, "depth": "depth/*.jpg"}
    check = check_dataset("paired_folders", str(root), options)
    assert "depth as JPEG" in check.notes["label_dropped"].example


def test_depth_of_a_tiff_becomes_a_png_of_16_bits(root: Path) -> None:
    depth = np.resize(deep(), (48, 64))
    write(root / "depth/000.tiff", encoded(depth, ".tiff"))
    pair = open_dataset("paired_folders", str(root), **OPTIONS, depth="depth/*.tiff")[0]
    assert np.array_equal(pair.labels["depth"], depth)
