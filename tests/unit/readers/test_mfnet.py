"""The reader ``mfnet``."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.image_sets import checked, ids, member, mfnet_apart, write_set
from tests.made.layouts import pixels, scan, write_image, write_pixels, write_text
from twinband.core.errors import BadSample
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_dataset, open_layout

NAMES = ["00001D", "00002N", "00003D"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, name in enumerate(NAMES):
        write_image(tmp_path / f"images/{name}.png", channels=4, seed=seed)
        write_pixels(tmp_path / f"labels/{name}.png", pixels(1, seed) % 9)
    return tmp_path


def test_the_fourth_channel_is_thermal(root: Path) -> None:
    pair = open_dataset("mfnet", str(root))[1]
    assert pair.key == "00002n"
    assert np.array_equal(pair.rgb, pixels(4, 1)[..., :3])
    assert np.array_equal(pair.thermal, pixels(4, 1)[..., 3])
    assert np.array_equal(pair.labels["semantics"], pixels(1, 1) % 9)
    assert pair.labels["hour"] == "night"


def test_hours_come_from_suffixes_unless_attributes_say_otherwise(root: Path) -> None:
    write_text(root / "attributes.csv", "name,hour\n00003D,fog\n")
    entries, _ = scan("mfnet", root)
    hours = {name: entry.attributes["hour"] for name, entry in entries.items()}
    assert hours == {"00001D": "day", "00002N": "night", "00003D": "fog"}


def test_lists_with_dos_line_ends_and_blank_tails_name_the_splits(root: Path) -> None:
    write_text(root / "train.txt", "00001D\r\n00001D_flip\r\n\r\n  \r\n")
    write_text(root / "val.txt", "00002N.png\n")
    write_text(root / "test.txt", "00003D\r\n00004N\r\n")
    entries, problems = scan("mfnet", root)
    assert {name: entry.split for name, entry in entries.items()} == {
        "00001D": "train",
        "00002N": "val",
        "00003D": "test",
    }
    assert list(problems) == ["00004N"]
    assert problems["00004N"].reason == "listed_but_missing"
    assert "test.txt" in problems["00004N"].detail


def test_a_name_in_two_lists_belongs_to_the_test_split(root: Path) -> None:
    write_text(root / "train.txt", "00001D\n00002N\n")
    write_text(root / "test.txt", "00002N\n")
    layout = open_layout("mfnet", str(root), {})
    splits = {item.name: getattr(item, "split", None) for item in layout.scan()}
    assert splits == {"00001D": "train", "00002N": "test", "00003D": ""}
    assert any("two splits" in remark and "00002N" in remark for remark in layout.remarks)


def test_mirrored_copies_are_left_out_and_counted(root: Path) -> None:
    write_image(root / "images/00001D_flip.png", channels=4)
    write_image(root / "labels/00001D_flip.png", channels=1)
    layout = open_layout("mfnet", str(root), {})
    assert [item.name for item in layout.scan()] == NAMES
    assert layout.remarks == ["2 files of mirrored copies (*_flip) are left out"]


def test_the_folder_may_be_called_image_and_labels_may_be_missing(tmp_path: Path) -> None:
    write_image(tmp_path / "image/01234N.png", channels=4)
    pair = open_dataset("mfnet", str(tmp_path))[0]
    assert dict(pair.labels) == {"hour": "night"}
    assert pair.sources == {"rgb": "image/01234N.png", "thermal": "image/01234N.png"}


def test_three_channels_are_not_enough(root: Path) -> None:
    write_image(root / "images/00001D.png", channels=3)
    with pytest.raises(BadSample) as caught:
        _ = open_dataset("mfnet", str(root))[0].rgb
    assert caught.value.reason == "wrong_channels"


def test_unknown_label_ids_are_refused(root: Path) -> None:
    write_pixels(root / "labels/00001D.png", np.full((24, 32), 9, np.uint8))
    layout = open_layout("mfnet", str(root), {"strict_labels": True})
    entries, _ = scan("mfnet", root)
    with pytest.raises(BadSample) as caught:
        check_pair(layout, entries["00001D"])
    assert caught.value.reason == "odd_label_id"
    assert check_pair(layout, entries["00002N"]).row["labels"] == ["semantics"]


def test_a_label_without_image_is_a_remark(root: Path) -> None:
    (root / "images/00002N.png").unlink()
    layout = open_layout("mfnet", str(root), {})
    assert [item.name for item in layout.scan()] == ["00001D", "00003D"]
    assert "labels without images, left out: 1 (e.g. labels/00002N.png)" in layout.remarks


def test_damage_of_the_file_is_noted_though_both_images_are_new(root: Path) -> None:
    path = root / "images/00001D.png"
    path.write_bytes(path.read_bytes() + b"more")
    layout = open_layout("mfnet", str(root), {})
    notes = check_pair(layout, scan("mfnet", root)[0]["00001D"]).notes
    assert {"rgb_damaged"} <= notes.keys() and "images/00001D.png" in notes["rgb_damaged"]


@pytest.mark.parametrize("modal", ["Thermal", "Modal"])
def test_packs_with_thermal_apart_are_read_as_they_are(tmp_path: Path, modal: str) -> None:
    write_set(tmp_path, mfnet_apart("00001D", modal), mfnet_apart("00002N", modal, 1))
    write_text(tmp_path / "train.txt", "RGB/00001D.png\n")
    write_text(tmp_path / "test.txt", "00002N\n")
    entries, problems = scan("mfnet", tmp_path)
    assert not problems
    assert {n: (e.split, e.attributes["hour"]) for n, e in entries.items()} == {
        "00001D": ("train", "day"),
        "00002N": ("test", "night"),
    }
    pair = checked("mfnet", tmp_path, "00002N")
    assert np.array_equal(member(pair, "rgb.png"), pixels(3, 1))
    assert np.array_equal(member(pair, "thermal.png"), pixels(1, 1))
    assert np.array_equal(member(pair, "semantics.png"), ids(9, 1))


@pytest.mark.parametrize(("gone", "there"), [("Thermal", "RGB"), ("RGB", "Thermal")])
def test_of_such_a_pack_a_lone_image_is_told(tmp_path: Path, gone: str, there: str) -> None:
    write_set(tmp_path, mfnet_apart("00001D"), mfnet_apart("00002N"))
    (tmp_path / gone / "00002N.png").unlink()
    entries, problems = scan("mfnet", tmp_path)
    assert list(entries) == ["00001D"]
    assert problems["00002N"].reason == "missing_partner"
    assert f"{there}/00002N.png" in problems["00002N"].detail
