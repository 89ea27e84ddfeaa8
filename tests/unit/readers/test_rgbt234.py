"""The reader ``rgbt234``."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text
from tests.made.tracking import write_rgbt234, write_rgbt234_challenges
from twinband.core.errors import BadSample, InputError
from twinband.ingest.dataset import open_dataset, open_layout


def write_sequence(root: Path, name: str, rgb: int = 3, thermal: int = 3) -> None:
    for frame in range(rgb):
        write_image(root / name / f"visible/{frame + 1}v.jpg")
    for frame in range(thermal):
        write_image(root / name / f"infrared/{frame + 101}i.jpg", channels=1)


def test_frames_are_paired_by_number_in_natural_order(tmp_path: Path) -> None:
    write_sequence(tmp_path, "afterrain", rgb=11, thermal=11)
    entries, problems = scan("rgbt234", tmp_path)
    assert not problems
    assert [entry.frame for entry in entries.values()] == list(range(11))
    tenth = entries["afterrain/000009"]
    assert tenth.files["rgb"] == "afterrain/visible/10v.jpg"
    assert tenth.files["thermal"] == "afterrain/infrared/110i.jpg"
    assert tenth.group == "afterrain"


def test_a_gap_or_a_copy_loses_its_own_frame_only(tmp_path: Path) -> None:
    for number in range(1, 11):
        write_image(tmp_path / f"walk/visible/{number:05d}v.jpg")
        if number != 4:
            write_image(tmp_path / f"walk/infrared/{number:05d}i.jpg", channels=1)
    write_image(tmp_path / "walk/infrared/00007i - Copy.jpg", channels=1)
    entries, problems = scan("rgbt234", tmp_path)
    assert [
        (name, *(path[-10:-5] for path in entry.files.values())) for name, entry in entries.items()
    ] == [(f"walk/{n - 1:06d}", f"{n:05d}", f"{n:05d}") for n in range(1, 11) if n != 4]
    assert [(p.name, p.reason) for p in problems.values()] == [
        ("walk/000003", "missing_partner"),
        ("walk/infrared/00007i - Copy.jpg", "odd_name"),
    ]


@pytest.mark.parametrize("lines", [9, 10])
def test_boxes_stay_with_their_frames_beside_a_gap(tmp_path: Path, lines: int) -> None:
    """A list has a line for every image of its modality, or for every moment."""
    numbers = [number for number in range(1, 11) if number != 4]
    for number in range(1, 11):
        write_image(tmp_path / f"walk/visible/{number:05d}v.jpg")
    for number in numbers:
        write_image(tmp_path / f"walk/infrared/{number:05d}i.jpg", channels=1)
    box = "{0},{0},5,5\n".format
    write_text(tmp_path / "walk/visible.txt", "".join(map(box, range(1, 11))))
    own = numbers if lines == 9 else range(1, 11)
    write_text(tmp_path / "walk/infrared.txt", "".join(map(box, own)))
    found = [dict(pair.labels) for pair in open_dataset("rgbt234", str(tmp_path))]
    assert [labels["target_rgb"][0] for labels in found] == numbers
    assert [labels["target_thermal"][0] for labels in found] == numbers


def test_a_sequence_whose_numbers_do_not_tell_is_quarantined_whole(tmp_path: Path) -> None:
    write_sequence(tmp_path, "bike", rgb=3, thermal=5)
    write_sequence(tmp_path, "car", rgb=2, thermal=2)
    entries, problems = scan("rgbt234", tmp_path)
    assert list(entries) == ["car/000000", "car/000001"]
    assert [p.reason for p in problems.values()] == ["unpaired_sequence"] * 5
    assert problems["bike/000003"].files == {"thermal": "bike/infrared/104i.jpg"}
    assert "3 frames in visible and 5 in infrared" in problems["bike/000003"].detail


def test_names_with_back_ticks_and_suffixes_are_names(tmp_path: Path) -> None:
    names = ["car`10", "walking-gai", "walking_quezhen"]
    for name in names:
        write_sequence(tmp_path, name, rgb=1, thermal=1)
    entries, _ = scan("rgbt234", tmp_path)
    assert [entry.group for entry in entries.values()] == names
    keys = [pair.key for pair in open_dataset("rgbt234", str(tmp_path))]
    assert len(set(keys)) == 3
    assert keys[1:] == ["walking-gai-000000", "walking_quezhen-000000"]


def test_boxes_of_any_delimiter_become_corners(tmp_path: Path) -> None:
    write_sequence(tmp_path, "bike")
    write_text(tmp_path / "bike/visible.txt", "1,2,10,20\r\n1 2.5 10 20\r\n1\t2\t0\t0\r\n\r\n")
    write_text(tmp_path / "bike/infrared.txt", "3, 4, 5, 6\n")
    labels = [dict(pair.labels) for pair in open_dataset("rgbt234", str(tmp_path))]
    assert labels == [
        {"target_rgb": [1.0, 2.0, 11.0, 22.0], "target_thermal": [3.0, 4.0, 8.0, 10.0]},
        {"target_rgb": [1.0, 2.5, 11.0, 22.5]},
        {},
    ]


@pytest.mark.parametrize("line", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,1,2", "", "1,2,inf,4"])
def test_malformed_boxes_are_refused(tmp_path: Path, line: str) -> None:
    write_sequence(tmp_path, "bike", rgb=2, thermal=2)
    write_text(tmp_path / "bike/visible.txt", f"1,2,3,4\n{line}\n5,6,7,8\n")
    pairs = open_dataset("rgbt234", str(tmp_path), strict_labels=True)
    assert pairs[0].labels["target_rgb"] == [1.0, 2.0, 4.0, 6.0]
    with pytest.raises(BadSample) as caught:
        _ = pairs[1].labels
    assert caught.value.reason == "bad_label"
    assert "bike/visible.txt, line 2" in caught.value.detail


@pytest.mark.parametrize("line", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "", "1,2,inf,4"])
def test_malformed_boxes_are_left_out(tmp_path: Path, line: str) -> None:
    write_sequence(tmp_path, "bike", rgb=2, thermal=2)
    write_text(tmp_path / "bike/visible.txt", f"1,2,3,4\n{line}\n5,6,7,8\n")
    write_text(tmp_path / "bike/infrared.txt", "1,2,3,4\n1,2,3,4\n")
    assert dict(open_dataset("rgbt234", str(tmp_path))[1].labels) == {
        "target_thermal": [1.0, 2.0, 4.0, 6.0]
    }


def test_a_single_sequence_is_not_the_dataset(tmp_path: Path) -> None:
    write_sequence(tmp_path, "bike", rgb=1, thermal=1)
    with pytest.raises(InputError, match="SEQUENCE/visible"):
        scan("rgbt234", tmp_path / "bike")


def test_a_sequence_of_one_modality_is_no_pair(tmp_path: Path) -> None:
    write_sequence(tmp_path, "bike", rgb=1, thermal=1)
    write_sequence(tmp_path, "car", rgb=2, thermal=0)
    layout = open_layout("rgbt234", str(tmp_path), {})
    assert [item.name for item in layout.scan()] == ["bike/000000", "car/000000", "car/000001"]
    _, problems = scan("rgbt234", tmp_path)
    assert list(problems) == ["car/000000", "car/000001"]


def test_lists_of_challenges_are_attributes(tmp_path: Path) -> None:
    for name in ("bike", "boy`shead", "car"):
        write_rgbt234(tmp_path, name, count=1)
    write_rgbt234_challenges(
        tmp_path, {"car": "PO LI", "gone": "BC", "bike": "", "boy`shead": "NO"}
    )
    write_text(tmp_path / "attr_txt/FM.txt", "0\n1\n")
    layout = open_layout("rgbt234", str(tmp_path), {})
    found = {item.name: getattr(item, "attributes", None) for item in layout.scan()}
    assert found == {
        "bike/000000": {},
        "boy`shead/000000": {"challenges": "NO"},
        "car/000000": {"challenges": "LI PO"},
    }
    assert len(layout.remarks) == 1 and layout.remarks[0].startswith("attr_txt/FM.txt: left out")


def test_challenges_without_a_list_of_sequences_are_in_order_of_name(tmp_path: Path) -> None:
    for name in ("car", "bike"):
        write_rgbt234(tmp_path, name, count=1)
    write_text(tmp_path / "attr_txt/LI.txt", "0\n1\n")
    entries, _ = scan("rgbt234", tmp_path)
    assert [dict(e.attributes) for e in entries.values()] == [{}, {"challenges": "LI"}]
