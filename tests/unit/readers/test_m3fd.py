"""The reader ``m3fd``."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text, write_voc
from twinband.ingest.dataset import open_dataset, open_layout


def write(root: Path, rgb: str, thermal: str, *stems: str) -> None:
    for stem in stems:
        write_image(root / rgb / f"{stem}.png")
        write_image(root / thermal / f"{stem}.png", channels=1)


def remarks_of(root: Path) -> str:
    found = open_layout("m3fd", str(root), {})
    list(found.scan())
    return "\n".join(found.remarks)


def test_published_form_has_xml_and_no_split(tmp_path: Path) -> None:
    write(tmp_path, "Vis", "Ir", "00000", "00001")
    write_voc(tmp_path / "Annotation/00000.xml", [("People", (1, 2, 11, 22))])
    entries, problems = scan("m3fd", tmp_path)
    assert not problems and [entry.split for entry in entries.values()] == ["", ""]
    [box] = open_dataset("m3fd", str(tmp_path))[0].labels["boxes"]
    assert (box["class"], box["xyxy"]) == ("People", [1, 2, 11, 22])
    assert "M3FD has no official split" in remarks_of(tmp_path)


@pytest.mark.parametrize(
    ("number", "name"),
    [*enumerate(["People", "Car", "Bus", "Motorcycle", "Lamp", "Truck"])],
)
def test_derived_form_has_ids_and_lists(tmp_path: Path, number: int, name: str) -> None:
    write(tmp_path, "vi", "ir", "00000", "00001")
    write_text(tmp_path / "labels/00000.txt", f"{number} 0.5 0.5 0.5 0.5\n")
    write_text(tmp_path / "meta/train.txt", "00000.png\r\n")
    write_text(tmp_path / "meta/val.txt", "00001.png\n00007.png\n")
    write_text(tmp_path / "meta/pred.txt", "00000.png\n00001.png\n")
    entries, problems = scan("m3fd", tmp_path)
    assert [entry.split for entry in entries.values()] == ["train", "val"]
    assert [problem.reason for problem in problems.values()] == ["listed_but_missing"]
    [box] = open_dataset("m3fd", str(tmp_path))[0].labels["boxes"]
    assert (box["class"], box["xyxy"]) == (name, [8.0, 6.0, 24.0, 18.0])
    assert "no official split" not in remarks_of(tmp_path)


def test_fusion_has_no_labels_and_needs_no_split(tmp_path: Path) -> None:
    write(tmp_path / "M3FD_Fusion", "Vis", "Ir", "00000")
    assert dict(open_dataset("m3fd", str(tmp_path))[0].labels) == {}
    assert "split" not in remarks_of(tmp_path)


def test_both_releases_in_one_folder_keep_apart(tmp_path: Path) -> None:
    write(tmp_path / "M3FD_Fusion", "Vis", "Ir", "00000")
    write(tmp_path / "M3FD_Detection", "Vis", "Ir", "00000")
    write_image(tmp_path / "M3FD_Detection/Vis/00009.png")
    entries, problems = scan("m3fd", tmp_path)
    assert list(entries) == ["M3FD_Detection/00000", "M3FD_Fusion/00000"]
    assert problems["M3FD_Detection/00009"].reason == "missing_partner"


def test_lists_at_the_top_count_too_and_xml_before_text(tmp_path: Path) -> None:
    write(tmp_path, "vi", "ir", "00000")
    write_text(tmp_path / "train.txt", "00000\n")
    write_voc(tmp_path / "Annotation/00000.xml", [("Bus", (1, 2, 11, 22))])
    write_text(tmp_path / "labels/00000.txt", "0 0.5 0.5 0.5 0.5\n")
    [pair] = open_dataset("m3fd", str(tmp_path))
    assert pair.split == "train" and [box["class"] for box in pair.labels["boxes"]] == ["Bus"]
