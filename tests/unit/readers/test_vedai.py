"""The reader ``vedai``."""

from pathlib import Path

import pytest

from tests.made.detection_sets import write_vedai_pair
from tests.made.layouts import scan, write_text
from twinband.ingest.dataset import open_dataset, open_layout

LINE = "12.5 8 0.3 {identity} {contained} {occluded} 10 15 15 10 5 5 11 11\n"


def line(identity: object = 1, contained: object = 1, occluded: object = 0) -> str:
    return LINE.format(identity=identity, contained=contained, occluded=occluded)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_vedai_pair(tmp_path, "00000000", text=line())
    write_vedai_pair(tmp_path, "00000001")
    write_text(tmp_path / "Annotations512/fold01.txt", "00000000\n")
    write_text(tmp_path / "Annotations512/fold01test.txt", "00000001\r\n\r\n")
    write_text(tmp_path / "Annotations512/fold02.txt", "00000001\n")
    write_text(tmp_path / "Annotations512/fold02test.txt", "00000000\n00000009\n")
    return tmp_path


def test_folds_name_the_split(root: Path) -> None:
    assert [e.split for e in scan("vedai", root)[0].values()] == ["train", "test"]
    entries, problems = scan("vedai", root, fold=2)
    assert [entry.split for entry in entries.values()] == ["test", "train"]
    assert problems["00000009"].reason == "listed_but_missing"


@pytest.mark.parametrize(
    ("contained", "occluded", "truncated", "occlusion"),
    [("1", "0", False, 0), ("0", "0", True, 0), ("1", "1", False, 1), ("0", "1", True, 1)],
)
def test_the_text_0_is_false(
    root: Path, contained: str, occluded: str, truncated: bool, occlusion: int
) -> None:
    write_text(root / "Annotations512/00000000.txt", line(1, contained, occluded))
    assert open_dataset("vedai", str(root))[0].labels["boxes"] == [
        {
            "class": "car",
            "xyxy": [10.0, 5.0, 15.0, 11.0],
            "difficult": False,
            "corners": [[10.0, 5.0], [15.0, 5.0], [15.0, 11.0], [10.0, 11.0]],
            "occlusion": occlusion,
            "truncated": truncated,
        }
    ]


@pytest.mark.parametrize(
    ("identity", "name"),
    [(1, "car"), (2, "truck"), (4, "tractor"), (5, "camping car"), (7, "motorcycle"), (8, "bus"),
     (9, "van"), (10, "other"), (11, "pickup"), (23, "boat"), (31, "plane")],
)  # fmt: skip
def test_ids_of_classes(root: Path, identity: int, name: str) -> None:
    write_text(root / "Annotations512/00000000.txt", line(identity))
    assert open_dataset("vedai", str(root))[0].labels["boxes"][0]["class"] == name


@pytest.mark.parametrize("bad", [line(3), line("x"), "1 2 3\n", line("nan"), line(1, 1, "inf")])
def test_a_bad_line_costs_itself_and_a_bad_file_its_boxes(root: Path, bad: str) -> None:
    path = root / "Annotations512/00000000.txt"
    write_text(path, bad + line())
    assert len(open_dataset("vedai", str(root))[0].labels["boxes"]) == 1
    write_text(path, bad)
    assert dict(open_dataset("vedai", str(root))[0].labels) == {}


def test_no_object_is_a_label_and_no_file_is_none(root: Path) -> None:
    write_text(root / "Annotations512/00000000.txt", "")
    first, second = open_dataset("vedai", str(root))
    assert first.labels["boxes"] == [] and "boxes" not in second.labels


def test_near_infrared_and_the_other_size_are_told(root: Path) -> None:
    write_vedai_pair(root, "00000000", side=1024, text="")
    for side, expected in ((0, "1024"), (1024, "1024"), (512, "512")):
        layout = open_layout("vedai", str(root), {"side": side})
        first = next(iter(layout.scan()))
        assert first.files["rgb"] == f"Vehicules{expected}/00000000_co.png"
        assert any("NEAR infrared" in remark for remark in layout.remarks)
        assert any("images are of another size" in remark for remark in layout.remarks)
        assert not layout.untaken
