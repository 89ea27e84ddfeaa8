"""The reader ``roadscene``, and what all readers share: litter, attributes, keys, messages."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text
from twinband.core.errors import InputError
from twinband.ingest.dataset import open_dataset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in (1, 2):
        write_image(tmp_path / f"crop_LR_visible/FLIR_0000{number}.jpg")
        write_image(tmp_path / f"cropinfrared/FLIR_0000{number}.jpg", channels=1)
    return tmp_path


def test_pairs_equal_stems_and_leaves_other_folders_alone(root: Path) -> None:
    write_image(root / "crop_HR_visible/FLIR_00009.jpg")
    write_image(root / "infrared/FLIR_00009.jpg")
    for litter in ("crop_LR_visible/Thumbs.db", "crop_LR_visible/.DS_Store.jpg"):
        write_text(root / litter, "litter")
    write_image(root / "__MACOSX/crop_LR_visible/FLIR_00009.jpg")
    entries, problems = scan("roadscene", root)
    assert list(entries) == ["FLIR_00001", "FLIR_00002"]
    assert not problems
    assert entries["FLIR_00001"].files == {
        "rgb": "crop_LR_visible/FLIR_00001.jpg",
        "thermal": "cropinfrared/FLIR_00001.jpg",
    }
    pair = open_dataset("roadscene", str(root))[0]
    assert pair.key == "flir_00001"
    assert (pair.rgb.shape, pair.thermal.shape) == ((24, 32, 3), (24, 32))


def test_a_file_without_partner_says_what_was_looked_for(root: Path) -> None:
    write_image(root / "crop_LR_visible/FLIR_00007.jpg")
    write_image(root / "cropinfrared/FLIR_00008.jpg")
    entries, problems = scan("roadscene", root)
    assert len(entries) == 2
    assert {name: p.reason for name, p in problems.items()} == {
        "FLIR_00007": "missing_partner",
        "FLIR_00008": "missing_partner",
    }
    assert "thermal (cropinfrared/FLIR_00007.jpg)" in problems["FLIR_00007"].detail
    assert "rgb (crop_LR_visible/FLIR_00008.jpg)" in problems["FLIR_00008"].detail


def test_two_files_of_one_stem_and_two_names_of_one_key_collide(root: Path) -> None:
    write_image(root / "cropinfrared/FLIR_00001.png")
    write_image(root / "crop_LR_visible/flir_00002.jpg")
    write_image(root / "cropinfrared/flir_00002.jpg")
    entries, problems = scan("roadscene", root)
    assert list(entries) == ["FLIR_00001", "FLIR_00002"]
    assert {name: p.reason for name, p in problems.items()} == {
        "cropinfrared/FLIR_00001.png": "key_collision",
        "crop_LR_visible/flir_00002.jpg": "key_collision",
    }
    assert "'flir_00002' and 'FLIR_00002'" in problems["crop_LR_visible/flir_00002.jpg"].detail


@pytest.mark.parametrize("folder", ["", "crop_LR_visible"])
def test_a_folder_without_pairs_is_not_of_this_layout(tmp_path: Path, folder: str) -> None:
    if folder:
        write_image(tmp_path / folder / "FLIR_00001.jpg")
    with pytest.raises(InputError) as caught:
        scan("roadscene", tmp_path)
    message = str(caught.value)
    assert str(tmp_path) in message
    assert "crop_LR_visible/NAME.jpg with cropinfrared/NAME.jpg" in message
    assert f"there is: {folder or 'nothing'}" in message


def test_attributes_file_is_merged_by_name(root: Path) -> None:
    table = "\ufeffname,hour,weather\r\nFLIR_00001,fog,\r\nFLIR_99999,day,rain\r\n\r\n"
    write_text(root / "attributes.csv", table)
    entries, problems = scan("roadscene", root)
    assert entries["FLIR_00001"].attributes == {"hour": "fog"}
    assert entries["FLIR_00002"].attributes == {}
    assert not problems


@pytest.mark.parametrize("table", ["file,hour\na,day\n", "name,hour\nFLIR_00001,day,rain\n", ""])
def test_a_malformed_attributes_file_stops(root: Path, table: str) -> None:
    write_text(root / "attributes.csv", table)
    with pytest.raises(InputError, match=r"attributes\.csv"):
        scan("roadscene", root)
