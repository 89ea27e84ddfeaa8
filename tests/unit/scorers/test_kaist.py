"""KAIST from files: known scores of published results, and bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.made.detections import kaist_truth, write_json, write_text
from tests.made.known_scores import crosscheck
from twinband.core.errors import InputError
from twinband.scorers.kaist import score
from twinband.scoring.kaist_files import read_truth
from twinband.scoring.score import Options

TABLE = {
    ("MLPD", "strict"): (7.58, 7.95, 6.95, 0.00, 12.10, 52.79, 25.18, 29.84, 55.05, 29.52),
    ("MLPD", "evalai"): (7.58, 7.96, 6.95, 0.00, 11.93, 50.86, 24.15, 28.75, 53.97, 28.49),
    ("IATDNN-IAMSS", "strict"): (
        *(14.95, 14.67, 15.72, 0.04, 28.55, 83.42, 45.43, 46.25, 64.57, 48.96),
    ),
    ("IATDNN-IAMSS", "evalai"): (
        *(14.45, 14.18, 15.28, 0.00, 27.80, 80.99, 42.82, 43.41, 62.44, 46.45),
    ),
}
NAMES = ["reasonable", "reasonable_day", "reasonable_night", "near", "medium", "far"]
NAMES += ["none", "partial", "heavy", "all"]
PERSON = (100, 100, 30, 60)
ROW = "100,100,30,60,0.9"


@pytest.mark.parametrize(("method", "mode"), TABLE)
def test_known_scores(method: str, mode: str) -> None:
    folder = crosscheck("kaist")
    result = score(
        folder / f"{method}_result.txt", folder / "KAIST_annotation.json", Options(mode=mode)
    )
    assert list(result.values) == NAMES
    expected = dict(zip(NAMES, TABLE[method, mode], strict=True))
    assert dict(result.values) == pytest.approx(expected, abs=0.005 + 1e-9)
    assert result.protocol["list"] == "test-all-20"
    assert result.protocol["annotations"] == "improved test"
    assert result.protocol["images"] == "2252 (1455 day, 797 night)"


def test_known_counts() -> None:
    folder = crosscheck("kaist")
    result = score(folder / "MLPD_result.txt", folder, Options())
    assert result.protocol["boxes"] == "4254, 864 of them ignored in every setting"
    assert result.protocol["people"] == (
        "reasonable 1455, near 201, medium 1683, far 807, none 2612, partial 438, heavy 226, "
        "all 3276, reasonable_day 989, reasonable_night 466"
    )
    assert result.remarks == (
        "638 of 2252 images have no detection; people on them count as missed",
    )
    assert list(result.slices) == []


def test_text_of_bbgt_is_the_same_truth(tmp_path: Path) -> None:
    """The json was made of these files; written back they give the same scores."""
    folder = crosscheck("kaist")
    stored = json.loads((folder / "KAIST_annotation.json").read_text())
    names = {image["id"]: image["im_name"] for image in stored["images"]}
    lines: dict[str, list[str]] = {name: ["% bbGt version=3"] for name in names.values()}
    for box in stored["annotations"]:
        label = "people" if box["ignore"] else "person"
        corners = " ".join(map(str, box["bbox"]))
        lines[names[box["image_id"]]].append(f"{label} {corners} {box['occlusion']} 0 0 0 0 0 0")
    for name, its in lines.items():
        write_text(tmp_path / "truth" / f"{name.replace('/', '_')}.txt", *its)
    for mode in ("strict", "evalai"):
        expected, found = (
            score(folder / "MLPD_result.txt", truth, Options(mode=mode)).values
            for truth in (folder, tmp_path / "truth")
        )
        assert found == expected


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Ten images, a person on the first and the last."""
    return write_json(tmp_path / "truth.json", kaist_truth({0: [PERSON], 9: [PERSON]}, 10, 1))


def test_a_small_list(tmp_path: Path, truth: Path) -> None:
    result = score(write_text(tmp_path / "found.txt", f"1,{ROW}"), truth, Options(by="hour"))
    assert result.values["reasonable"] == pytest.approx(50)
    assert result.values["reasonable_night"] == 100
    assert result.slices["day"]["all"] == pytest.approx(1e-8)
    assert np.isnan(result.values["near"])
    assert result.protocol["list"] == "another than test-all-20"
    assert "not the list test-all-20" in result.remarks[0]
    assert "9 of 10 images have no detection" in result.remarks[1]


def test_blanks_and_crlf_separate_too(tmp_path: Path, truth: Path) -> None:
    plain = write_text(tmp_path / "a.txt", f"1,{ROW}", f"10,{ROW}")
    odd = tmp_path / "b.txt"
    odd.write_bytes(f"1 {ROW}\r\n10\t{ROW}\r\n\r\n".replace(",", " ").encode())
    results = [score(path, truth, Options()).values for path in (plain, odd)]
    assert results[0] == pytest.approx(results[1], nan_ok=True)


def test_rows_in_any_order(tmp_path: Path, truth: Path) -> None:
    lines = [f"10,{ROW}", "1,300,300,30,60,0.95", f"1,{ROW}"]
    first = score(write_text(tmp_path / "a.txt", *lines), truth, Options())
    second = score(write_text(tmp_path / "b.txt", *lines[::-1]), truth, Options())
    assert first.values == pytest.approx(second.values, nan_ok=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2,100,100,30,60", "line 2: 5 numbers, where a row has 6"),
        ("2,100,100,nan,60,1", "line 2: .* holds what is not finite"),
        ("2,100,100,inf,60,1", "line 2: .* holds what is not finite"),
        ("2,100,here,30,60,1", "line 2: 'here' is no number"),
        ("0,100,100,30,60,1", "line 2: image 0; .* lists images 1 to 10, so .* another list"),
        ("11,100,100,30,60,1", "line 2: image 11; .* lists images 1 to 10"),
        ("1.5,100,100,30,60,1", r"line 2: image 1\.5"),
        ("2,100,100,-30,60,1", "line 2: width -30 and height 60; rows are index,x,y,width"),
    ],
)
def test_bad_rows(tmp_path: Path, truth: Path, line: str, message: str) -> None:
    found = write_text(tmp_path / "found.txt", f"1,{ROW}", line)
    with pytest.raises(InputError, match=f"found.txt: {message}"):
        score(found, truth, Options())


def test_odd_rows_are_told_and_scored_as_the_protocol_says(tmp_path: Path, truth: Path) -> None:
    """A detection without area and a repeated one are false positives."""
    lines = [f"1,{ROW}", f"10,{ROW}", f"10,{ROW}", "5,100,100,0,60,0.99"]
    result = score(write_text(tmp_path / "found.txt", *lines), truth, Options())
    told = " ".join(result.remarks)
    assert "line 4: no area; 1 such detections are false positives" in told
    assert "1 rows repeat another" in told
    # 0.1 false positives an image come before everybody: five of nine points see all found
    assert result.values["all"] == pytest.approx(100 * 1e-10 ** (5 / 9))


def test_empty_and_missing_files(tmp_path: Path, truth: Path) -> None:
    empty = write_text(tmp_path / "empty.txt")
    with pytest.raises(InputError, match=r"empty.txt: line 1: the file is empty"):
        score(empty, truth, Options())
    with pytest.raises(InputError, match=r"none.txt: No such file"):
        score(tmp_path / "none.txt", truth, Options())
    with pytest.raises(InputError, match=r"empty.txt: line 1: the file is empty"):
        score(write_text(tmp_path / "found.txt", f"1,{ROW}"), empty, Options())
    with pytest.raises(InputError, match=r"neither KAIST_annotation.json nor bbGt"):
        score(write_text(tmp_path / "found.txt", f"1,{ROW}"), tmp_path, Options())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 2}, r"annotations\[1\]: id 2 stands there before"),
        ({"image_id": 77}, r"annotations\[0\]: KeyError\(77\)"),
        ({"bbox": [1, 2, -3, 4]}, r"annotations\[0\]: no box: x 1, y 2, width -3, height 4"),
        ({"bbox": [1, 2, 3]}, r"annotations\[0\]: ValueError"),
        ({"occlusion": float("inf")}, r"annotations\[0\]: OverflowError"),
        ({"occlusion": 3}, r"annotations\[0\]: occlusion 3; it is 0, 1 or 2"),
    ],
)
def test_bad_annotations(tmp_path: Path, change: dict[str, object], message: str) -> None:
    stored = kaist_truth({0: [PERSON], 9: [PERSON]}, 10, 1)
    stored["annotations"][0].update(change)
    truth = write_json(tmp_path / "truth.json", stored)
    with pytest.raises(InputError, match=message):
        score(write_text(tmp_path / "found.txt", f"1,{ROW}"), truth, Options())


def test_bad_text_of_bbgt(tmp_path: Path) -> None:
    file = tmp_path / "set06_V000_I00019.txt"
    for row in ("person 1 2 here 4 0", "person 1 2 3", "person 1 2 3 4 nan", "person 1 2 3 4 0.5"):
        write_text(file, "% bbGt version=3", "", row)
        with pytest.raises(InputError, match=r"I00019.txt: line 3: no row of bbGt"):
            read_truth(tmp_path)


def test_labels_of_bbgt(tmp_path: Path) -> None:
    lines = [f"{label} 100 100 30 60 1 0 0 0 0 0 0" for label in ("person", "people", "person?")]
    lines += [f"{label} 100 100 30 60 2 0 0 0 0 0 0" for label in ("cyclist", "dog")]
    write_text(tmp_path / "set06" / "V000" / "I00019.txt", "% bbGt version=3", *lines)
    write_text(tmp_path / "set09" / "V000" / "I00019.txt", "% bbGt version=3")
    listed = read_truth(tmp_path)
    assert listed.names == ["set06/V000/I00019", "set09/V000/I00019"]
    assert listed.day().tolist() == [True, False]
    assert listed.truth.ignored.tolist() == [False, True, True, True]  # the dog is dropped
    assert listed.truth.occlusions.tolist() == [1, 1, 1, 2]
    assert listed.truth.zero_id.tolist() == [True, False, False, False]


def test_hours_of_a_list_without_names(tmp_path: Path) -> None:
    """Then the first 1455 images are those of the day, as in test-all-20."""
    stored = kaist_truth({0: [PERSON]}, 1457)
    for image in stored["images"]:
        del image["im_name"]
    listed = read_truth(write_json(tmp_path / "truth.json", stored))
    assert np.flatnonzero(~listed.day()).tolist() == [1455, 1456]


def test_slices_that_there_are_not(tmp_path: Path, truth: Path) -> None:
    found = write_text(tmp_path / "found.txt", f"1,{ROW}")
    with pytest.raises(InputError, match="--by class: kaist has slices only by hour or size"):
        score(found, truth, Options(by="class"))


def test_sizes_by_hour(tmp_path: Path, truth: Path) -> None:
    result = score(write_text(tmp_path / "found.txt", f"1,{ROW}"), truth, Options(by="size"))
    assert list(result.slices) == ["near", "medium", "far"]
    medium = {"all_hours": 50, "day": 1e-8, "night": 100}
    assert result.slices["medium"] == pytest.approx(medium)
