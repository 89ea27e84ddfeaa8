"""Inventories: written once, and every file is held against them afterwards."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.made.layouts import write_image
from twinband.core.errors import BadSample, InputError
from twinband.ingest.dataset import open_files, open_layout
from twinband.ingest.files import natural_order
from twinband.ingest.inventory import read_inventory, write_inventory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    for name in ("FLIR_1", "FLIR, 2"):
        write_image(folder / f"crop_LR_visible/{name}.jpg")
        write_image(folder / f"cropinfrared/{name}.jpg", channels=1)
    return folder


def test_what_was_written_is_read_back_and_equal_files_give_equal_bytes(
    root: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "inventory/a.csv", tmp_path / "inventory/b.csv"
    seen: list[str] = []

    def track(paths: Sequence[str]) -> list[str]:
        seen.extend(paths)
        return seen

    assert write_inventory(open_files(str(root)), first, track) == []
    write_inventory(open_files(str(root)), second)
    assert first.read_bytes() == second.read_bytes()
    assert list(read_inventory(first)) == seen == sorted(seen)
    assert [path.name for path in first.parent.iterdir() if "unfinished" in path.name] == []


def test_only_listed_and_unchanged_files_are_read(root: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "a.csv"
    write_inventory(open_files(str(root)), inventory)
    write_image(root / "crop_LR_visible/FLIR_3.jpg")
    write_image(root / "cropinfrared/FLIR_1.jpg", channels=1, seed=5)
    layout = open_layout("roadscene", str(root), {}, read_inventory(inventory))
    assert [item.name for item in layout.scan()] == ["FLIR, 2", "FLIR_1"]
    with pytest.raises(BadSample) as caught:
        layout.files.read("cropinfrared/FLIR_1.jpg")
    assert caught.value.reason == "changed"


def test_an_unreadable_list_stops_the_scan(root: Path, tmp_path: Path) -> None:
    (root / "attributes.csv").write_text("name,hour\n")
    inventory = tmp_path / "a.csv"
    write_inventory(open_files(str(root)), inventory)
    (root / "attributes.csv").write_text("name,hour\nFLIR_1,day\n")
    layout = open_layout("roadscene", str(root), {}, read_inventory(inventory))
    with pytest.raises(InputError, match=r"attributes\.csv: not the file of the inventory"):
        list(layout.scan())


def test_a_missing_root_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder at"):
        open_files(str(tmp_path / "nowhere"))


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["f10.jpg", "f9.jpg", "e2", "10", "9"], key=natural_order) == [
        *("9", "10", "e2", "f9.jpg", "f10.jpg")
    ]


def test_a_file_name_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.jpg")).write_bytes(b"x")
    (tmp_path / "größe.jpg").write_bytes(b"x")
    files = open_files(str(tmp_path))
    assert files.paths() == ["größe.jpg"]
    [refused] = files.refused
    assert refused.reason == "bad_name" and "not UTF-8; rename it" in refused.detail
