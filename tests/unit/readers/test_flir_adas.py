"""The reader ``flir_adas``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made.detection_sets import write_flir_adas_pair, write_json
from tests.made.layouts import HEIGHT, WIDTH, scan, write_image, write_text
from twinband.ingest.dataset import open_dataset, open_layout
from twinband.ingest.layout import Entry, Problem

CAR = ("car", (1.0, 2.0, 11.0, 22.0))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_flir_adas_pair(tmp_path, "train", "FLIR_00001")
    write_flir_adas_pair(tmp_path, "val", "FLIR_08863")
    write_flir_adas_pair(tmp_path, "video", "FLIR_video_00001")
    return tmp_path


def test_splits_are_folders_and_video_is_a_sequence(root: Path) -> None:
    entries, problems = scan("flir_adas", root)
    assert not problems
    assert {n: (e.split, e.group) for n, e in entries.items()} == {
        "train/FLIR_00001": ("train", ""),
        "val/FLIR_08863": ("val", ""),
        "video/FLIR_video_00001": ("test", "video"),
    }


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
def test_thermal_of_8_or_16_bits(root: Path, bits: int, kind: type) -> None:
    pair = open_dataset("flir_adas", str(root), bits=bits)[0]
    assert pair.thermal.dtype == kind
    found = open_layout("flir_adas", str(root), {"bits": bits})
    list(found.scan())
    assert any(f"thermal_{24 - bits}_bit are left out (option bits)" in r for r in found.remarks)
    assert not found.untaken


@pytest.mark.parametrize("path", ["Annotations/coco.json", "thermal_annotations.json"])
def test_boxes_of_a_split_are_on_thermal(root: Path, path: str) -> None:
    name = "thermal_8_bit/FLIR_00001.jpeg"
    image = {"id": 0, "file_name": name, "width": WIDTH, "height": HEIGHT}
    write_json(root / f"train/{path}", [image], [CAR])
    [box] = open_dataset("flir_adas", str(root))[0].labels["boxes"]
    assert (box["class"], box["xyxy"]) == ("car", [1.0, 2.0, 11.0, 22.0])
    assert box["image_size"] == [WIDTH, HEIGHT]


def test_boxes_of_one_image(root: Path) -> None:
    write_text(root / "val/Annotations/FLIR_08863.json", json.dumps(one_image()))
    [box] = open_dataset("flir_adas", str(root))[1].labels["boxes"]
    assert (box["class"], box["xyxy"]) == ("bicycle", [1.0, 2.0, 11.0, 22.0])


def one_image(**others: Any) -> dict[str, Any]:
    image = {"file_name": "FLIR_08863", "width": WIDTH, "height": HEIGHT}
    own = {"category_id": "2", "bbox": [1, 2, 10, 20], "image_id": "FLIR_08863"}
    return {"image": image, "annotation": [own], **others}


@pytest.mark.parametrize("stored", [[], {}, one_image(image=None), one_image(annotation=[3]), 7])
def test_a_broken_file_costs_its_boxes_alone(root: Path, stored: Any) -> None:
    write_text(root / "val/Annotations/FLIR_08863.json", json.dumps(stored))
    assert dict(open_dataset("flir_adas", str(root))[1].labels) == {}


def test_thermal_without_rgb_is_left_out_and_counted_and_rgb_without_thermal_is_missing(
    root: Path,
) -> None:
    whole, _ = scan("flir_adas", root)
    write_image(root / "train/thermal_8_bit/FLIR_00002.jpeg", channels=1)
    write_image(root / "train/RGB/FLIR_00003.jpg")
    layout = open_layout("flir_adas", str(root), {})
    found = list(layout.scan())
    assert {item.name for item in found if isinstance(item, Entry)} == set(whole)
    [missing] = [item for item in found if isinstance(item, Problem)]
    assert (missing.name, missing.reason) == ("train/FLIR_00003", "missing_partner")
    [told] = [remark for remark in layout.remarks if "without an RGB image" in remark]
    assert told.startswith("1 thermal images") and "train/FLIR_00002" in told
    assert not layout.untaken
