"""The reader ``smod``."""

from pathlib import Path

import pytest

from tests.made.detection_sets import write_json
from tests.made.layouts import HEIGHT, WIDTH, scan, write_image, write_text
from twinband.ingest.dataset import open_dataset, open_layout

RIDER = ("rider", (1.0, 2.0, 11.0, 22.0))
MOVED = ("rider", (3.0, 2.0, 13.0, 22.0))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("day/000001", "night/000002"):
        write_image(tmp_path / f"{name}_rgb.jpg")
        write_image(tmp_path / f"{name}_tir.jpg", channels=1)
    annotate(tmp_path, "train", "day/000001", "rgb", RIDER)
    annotate(tmp_path, "train", "day/000001", "tir", MOVED)
    annotate(tmp_path, "test", "night/000002", "rgb", RIDER)
    return tmp_path


def annotate(root: Path, split: str, name: str, kind: str, *boxes: object) -> None:
    image = {"id": 1, "file_name": f"{name}_{kind}.jpg", "width": WIDTH, "height": HEIGHT}
    path = root / f"new_{split}_annotations_{kind}.json"
    write_json(path, [image], boxes, occlusion=1)  # type: ignore[arg-type]


def test_annotations_name_splits_and_folders_hours(root: Path) -> None:
    entries, problems = scan("smod", root)
    assert not problems
    facts = {name: (e.split, e.attributes["hour"]) for name, e in entries.items()}
    assert facts == {"day/000001": ("train", "day"), "night/000002": ("test", "night")}


def test_lists_of_both_modalities_are_matched(root: Path) -> None:
    day, night = open_dataset("smod", str(root))
    [box] = day.labels["boxes"]
    assert (box["class"], box["occlusion"]) == ("rider", 1)
    assert box["rgb_xyxy"] == [1.0, 2.0, 11.0, 22.0] and box["thermal_xyxy"][0] == 3.0
    assert box["xyxy"] == [1.0, 2.0, 13.0, 22.0]
    assert [box["single"] for box in night.labels["boxes"]] == ["rgb"]


def test_folders_may_name_the_modality(tmp_path: Path) -> None:
    write_image(tmp_path / "train/RGB/1.jpg")
    write_image(tmp_path / "train/TIR/1.jpg", channels=1)
    write_image(tmp_path / "train/TIR/2.jpg", channels=1)
    entries, problems = scan("smod", tmp_path)
    assert list(entries) == ["train/1"]
    assert problems["train/2"].reason == "missing_partner"
    assert dict(open_dataset("smod", str(tmp_path))[0].labels) == {}


def test_a_pair_of_two_splits_is_of_the_test(root: Path) -> None:
    annotate(root, "test", "day/000001", "tir", MOVED)
    found = open_layout("smod", str(root), {})
    splits = {item.name: getattr(item, "split", None) for item in found.scan()}
    assert splits["day/000001"] == "test"
    assert any("1 pairs are listed in two splits (e.g. day/000001)" in r for r in found.remarks)


def test_a_broken_file_is_told_and_costs_no_images(root: Path) -> None:
    write_text(root / "new_train_annotations_tir.json", "{")
    entries, problems = scan("smod", root)
    assert len(entries) == 2
    assert problems["new_train_annotations_tir.json"].reason == "bad_label"
