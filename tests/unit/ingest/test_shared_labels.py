"""COCO boxes of a dataset: put beside their pairs, through plan and shards."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.made.raw_pairs import encoded, ingest_folder, rows_by_name, scene, write
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_dataset, open_layout
from twinband.ingest.layout import Problem
from twinband.ingest.notes import notes_in_words
from twinband.shards.read import open_products

OPTIONS: dict[str, Any] = {"rgb": "vi/*.jpg", "thermal": "ir/*.jpg", "coco_boxes": "b.json"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three pairs, ``1`` to ``3``, of which the COCO file has two."""
    for number in (1, 2, 3):
        rgb, thermal = scene(number)
        write(tmp_path / f"raw/vi/{number}.jpg", encoded(rgb))
        write(tmp_path / f"raw/ir/{number}.jpg", encoded(thermal))
    write_coco(tmp_path / "raw/b.json", [1, 2, 9])
    return tmp_path / "raw"


def write_coco(path: Path, numbers: list[int], **image: Any) -> None:
    images = [{"id": n, "file_name": f"lwir/{n}.jpg", **image} for n in numbers]
    box = {"image_id": 1, "category_id": 0, "bbox": [60, 2, 30, 20]}
    stored = {
        "images": images,
        "annotations": [box, {**box, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 0, "name": "person"}],
    }
    write(path, json.dumps(stored).encode())


def test_boxes_reach_the_shards(root: Path, tmp_path: Path) -> None:
    built = ingest_folder(root, tmp_path, reader="paired_folders", options=OPTIONS)
    rows = rows_by_name(built)
    assert {name: row["labels"] for name, row in rows.items()} == {
        "1": ["boxes"],
        "2": ["boxes"],
        "3": [],
    }
    assert rows["1"]["notes"] == ["boxes_clipped"] and rows["1"]["status"] == "ok"
    said = notes_in_words(built.manifest)
    assert said.startswith("boxes_clipped 1 (e.g. bad_label: b.json, image lwir/1.jpg: the box")
    samples = {
        s["key"]: s["pairs"]["json"]["labels"] for s in open_products({"pairs": tmp_path / "pairs"})
    }
    assert [box["xyxy"] for box in samples["1"]["boxes"]] == [[60, 2, 64, 22], [1, 2, 4, 6]]
    assert samples["2"]["boxes"] == []


def test_images_without_a_pair_are_a_remark(root: Path) -> None:
    layout = open_layout("paired_folders", str(root), OPTIONS)
    assert len(list(layout.scan())) == 3
    assert layout.remarks == ["b.json: 1 images that it lists have no pair here (e.g. lwir/9.jpg)"]


@pytest.mark.parametrize(
    "sources", ["b.json,more/c.json", ["b.json", "more/c.json"], " b.json , more/c.json,"]
)
def test_several_files_add_up_and_repeat_nothing(root: Path, sources: Any) -> None:
    write_coco(root / "more/c.json", [1, 3])
    pairs = open_dataset("paired_folders", str(root), **{**OPTIONS, "coco_boxes": sources})
    assert [len(pair.labels["boxes"]) for pair in pairs] == [2, 0, 0]


def test_another_size_is_told(root: Path, tmp_path: Path) -> None:
    write_coco(root / "b.json", [1], width=640, height=480)
    built = ingest_folder(root, tmp_path, reader="paired_folders", options=OPTIONS)
    assert "label_size_differs" in rows_by_name(built)["1"]["notes"]


@pytest.mark.parametrize("data", [b"", b"{}", b"no", b"[" * 99_999, b"\0\0"])
def test_a_broken_file_costs_no_pair(root: Path, data: bytes) -> None:
    (root / "b.json").write_bytes(data)
    items = list(open_layout("paired_folders", str(root), OPTIONS).scan())
    [problem] = [item for item in items if isinstance(item, Problem)]
    assert len(items) == 4
    assert problem.reason == "bad_label" and problem.detail.startswith("b.json: ")
    with pytest.raises(InputError, match=r"b\.json: no COCO file"):
        list(open_layout("paired_folders", str(root), {**OPTIONS, "strict_labels": True}).scan())


def test_a_file_that_is_not_there_is_an_error(root: Path) -> None:
    options = {**OPTIONS, "coco_boxes": "boxes.json"}
    with pytest.raises(
        InputError, match=r"no boxes.json, which coco_boxes names; there are b.json"
    ):
        list(open_layout("paired_folders", str(root), options).scan())


def test_boxes_come_from_one_kind_of_file(root: Path) -> None:
    with pytest.raises(ParamsError, match="give one of them"):
        open_layout("paired_folders", str(root), {**OPTIONS, "boxes": "xml/*.xml"})
