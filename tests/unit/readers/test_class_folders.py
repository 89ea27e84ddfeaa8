"""The reader ``class_folders``, from a folder and from a tar."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image
from twinband.core.errors import InputError
from twinband.ingest.dataset import open_dataset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "FLIR_align_crop"
    for hour, split, label in [("day", "train", "car"), ("night", "val", "person")]:
        write_image(folder / hour / split / "rgb" / label / "00222_4.jpg")
        write_image(folder / hour / split / "thermal" / label / "00222_4.jpeg", channels=1)
    (folder / "LICENSE").write_text("terms")
    return tmp_path


def packed(root: Path, path: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        tar.add(root / "FLIR_align_crop", arcname="FLIR_align_crop")
    return path


def test_hour_split_and_class_are_folders(root: Path) -> None:
    entries, problems = scan("class_folders", root / "FLIR_align_crop")
    assert not problems
    assert list(entries) == ["day/train/car/00222_4", "night/val/person/00222_4"]
    entry = entries["night/val/person/00222_4"]
    assert entry.split == "val"
    assert entry.attributes == {"hour": "night", "class": "person"}


def test_a_tar_reads_like_its_folder(root: Path, tmp_path: Path) -> None:
    from_tar = open_dataset("class_folders", str(packed(root, tmp_path / "crops.tar")))
    from_folder = open_dataset("class_folders", str(root / "FLIR_align_crop"))
    assert [pair.key for pair in from_tar] == [pair.key for pair in from_folder]
    assert from_tar[0].sources["rgb"] == "FLIR_align_crop/day/train/rgb/car/00222_4.jpg"
    assert (from_tar[0].rgb == from_folder[0].rgb).all()
    assert from_tar[0].labels == {"hour": "day", "class": "car"}


def test_a_tar_that_climbs_out_of_itself_is_not_trusted(root: Path, tmp_path: Path) -> None:
    path = packed(root, tmp_path / "crops.tar")
    with tarfile.open(path, "a") as tar:
        member = tarfile.TarInfo("../outside.jpg")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(InputError, match=r"\.\./outside\.jpg"):
        scan("class_folders", path)


def test_no_tar_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "crops.tar"
    path.write_bytes(b"no tar at all")
    with pytest.raises(InputError, match="cannot read the tar"):
        scan("class_folders", path)


def test_a_crop_of_another_class_is_no_partner(root: Path) -> None:
    write_image(root / "FLIR_align_crop/day/train/rgb/car/7.jpg")
    write_image(root / "FLIR_align_crop/day/train/thermal/bicycle/7.jpeg")
    _, problems = scan("class_folders", root)
    assert list(problems) == ["day/train/bicycle/7", "day/train/car/7"]
    assert "day/train/thermal/car/7.*" in problems["day/train/car/7"].detail


@pytest.mark.skipif(
    "TWINBAND_TEST_DATA" not in os.environ,
    reason="set TWINBAND_TEST_DATA to the folder that holds flir_crops.tar and roadscene",
)
def test_the_published_crops_and_roadscene() -> None:
    data = Path(os.environ["TWINBAND_TEST_DATA"])
    crops = open_dataset("class_folders", str(data / "flir_crops.tar"))
    assert (len(crops), crops.problems) == (7551, [])
    assert crops[0].rgb.shape[:2] == crops[0].thermal.shape
    roadscene = open_dataset("roadscene", str(data / "roadscene"))
    assert (len(roadscene), roadscene.problems) == (221, [])
