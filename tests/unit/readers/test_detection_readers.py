"""What all readers for detection owe: shards with boxes, and no traceback for any bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.made import detection_sets as made
from tests.made.layouts import write_image, write_text
from tests.made.raw_pairs import ingest_folder, rows_by_name
from twinband.ingest.dataset import layout_class

PERSON = ("person", (2.0, 3.0, 8.0, 15.0))
CORNERS = [(104.0, 105.0), (112.0, 105.0), (112.0, 111.0), (104.0, 111.0)]


def kaist(root: Path) -> None:
    made.write_kaist_pair(root, "set09/V000/I00001")
    made.write_kaist_annotation(root, "paired", "set09/V000/I00001", [PERSON])


def flir_aligned(root: Path) -> None:
    made.write_flir_aligned_pair(root, "00001", [PERSON])


def flir_adas(root: Path) -> None:
    made.write_flir_adas_pair(root, "train", "FLIR_00001")
    image = {"id": 0, "file_name": "thermal_8_bit/FLIR_00001.jpeg"}
    made.write_json(root / "train/Annotations/coco.json", [image], [PERSON])


def m3fd(root: Path) -> None:
    write_image(root / "vi/1.png")
    write_image(root / "ir/1.png", channels=1)
    write_text(root / "labels/1.txt", "0 0.5 0.5 0.5 0.5\n")


def vedai(root: Path) -> None:
    made.write_vedai_pair(root, "00000000", text="12 8 0 1 1 0 10 15 15 10 5 5 11 11\n")


def dronevehicle(root: Path) -> None:
    made.write_drone_pair(root, "train", "00001")
    for kind in ("label", "labelr"):
        text = made.polygon_xml([("car", CORNERS)])
        write_text(root / f"train/train{kind}/00001.xml", text)


def smod(root: Path) -> None:
    write_image(root / "day/1_rgb.jpg")
    write_image(root / "day/1_tir.jpg", channels=1)
    made.write_json(root / "test_rgb.json", [{"id": 0, "file_name": "day/1_rgb.jpg"}], [PERSON])


def cvc14(root: Path) -> None:
    for modality in ("Visible", "FIR"):
        made.write_cvc14_image(root, "Day", modality, "Train/FramesPos", "t1")
    write_text(root / "Day/FIR/Train/Annotations/t1.txt", "10 12 4 8 1\n")


READERS = [kaist, flir_aligned, flir_adas, m3fd, vedai, dronevehicle, smod, cvc14]
HOSTILE = [b"", b"\0", b"\xff\xfe\0", b"{", b"[1, 2]", b'{"images": [null], "annotations": 3}',
           b"<annotation><object/></annotation>", b"nan nan nan nan", b"[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("write", READERS, ids=lambda write: write.__name__)
def test_boxes_reach_the_shards(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "raw")
    built = ingest_folder(tmp_path / "raw", tmp_path, reader=write.__name__, max_bad_fraction=0)
    [row] = rows_by_name(built).values()
    assert row["status"] == "ok" and row["labels"] == ["boxes"]
    assert not {"boxes_dropped", "label_dropped"} & set(row["notes"])


@pytest.mark.parametrize("write", READERS, ids=lambda write: write.__name__)
def test_no_label_of_any_bytes_costs_the_images(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    raw = tmp_path / "raw"
    write(raw)
    labels = [path for path in raw.rglob("*") if path.suffix in (".txt", ".xml", ".json")]
    assert labels
    for number, data in enumerate(HOSTILE):
        for path in labels:
            path.write_bytes(data)
        built = ingest_folder(raw, tmp_path / str(number), reader=write.__name__)
        ok = [row for row in rows_by_name(built).values() if row["status"] == "ok"]
        assert len(ok) == 1, data[:20]


@pytest.mark.parametrize("write", READERS, ids=lambda write: write.__name__)
def test_each_says_what_is_published_of_it(write: Callable[[Path], None]) -> None:
    about = layout_class(write.__name__).about
    assert about is not None and about.task == "detection" and about.releases and about.defects
    for release in about.releases.values():
        assert not release.splits or sum(release.splits.values()) == release.pairs
