"""Scorers of trackers: layouts of real benchmarks, known scores, and inputs that are not right."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.made.known_scores import crosscheck, unpack, walk, write_rows, write_tracker
from twinband.core.errors import InputError
from twinband.scorers import gtot, lasher, rgbt210, rgbt234, vtuav
from twinband.scoring.anchors import comparable
from twinband.scoring.score import Options, Score

PERFECT = 100 * 20 / 21
TOLERANCE = 0.02

Write = Callable[[Path, str, np.ndarray], None]


def edges(boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)


def write_gtot(place: Path, name: str, boxes: np.ndarray) -> None:
    for camera in "vi":
        write_rows(place / name / f"groundTruth_{camera}.txt", edges(boxes), "\t")


def write_rgbt234(place: Path, name: str, boxes: np.ndarray) -> None:
    for camera in ("visible", "infrared"):
        write_rows(place / name / f"{camera}.txt", boxes)


def write_rgbt210(place: Path, name: str, boxes: np.ndarray) -> None:
    write_rows(place / name / "init.txt", boxes, " ")


def write_lasher(place: Path, name: str, boxes: np.ndarray) -> None:
    write_rows(place / f"{name}.txt", boxes)


def write_vtuav(place: Path, name: str, boxes: np.ndarray) -> None:
    for camera in ("rgb", "ir"):
        write_rows(place / name / f"{camera}.txt", boxes, " ")


NAMES = ("car", "redcar", "boy`shead")
BOXES = {name: walk(left=20 + 10 * number) for number, name in enumerate(NAMES)}
BENCHMARKS = {
    "gtot": (gtot, write_gtot, {"mpr": 100, "msr": 97.5}),
    "rgbt234": (rgbt234, write_rgbt234, {"mpr": 100, "msr": PERFECT}),
    "rgbt210": (rgbt210, write_rgbt210, {"pr": 100, "sr": PERFECT}),
    "lasher": (lasher, write_lasher, {"pr": 100, "npr": 100, "sr": PERFECT}),
    "vtuav": (vtuav, write_vtuav, {"pr": 100, "sr": PERFECT}),
}


def write_truth(place: Path, write: Write, boxes: dict[str, np.ndarray] = BOXES) -> Path:
    for name, rows in boxes.items():
        write(place, name, rows)
    return place


@pytest.fixture
def rgbt234_truth(tmp_path: Path) -> Path:
    return write_truth(tmp_path / "truth", write_rgbt234)


def scored(tmp_path: Path, boxes: dict[str, np.ndarray], truth: Path) -> Score:
    return rgbt234.score(write_tracker(tmp_path / "results", boxes), truth, Options())


@pytest.mark.parametrize("task", BENCHMARKS)
@pytest.mark.parametrize("prefix", ["", "TRACKER_"])
def test_truth_as_result_is_perfect(task: str, prefix: str, tmp_path: Path) -> None:
    module, write, expected = BENCHMARKS[task]
    truth = write_truth(tmp_path / "truth", write)
    results = write_tracker(tmp_path / "results", BOXES, prefix)
    score = module.score(results, truth, Options())
    for name, value in expected.items():
        assert score.values[name] == pytest.approx(value), name
        assert score.values.get(f"{name}_unrounded", value) == pytest.approx(value)
    assert score.protocol["task"] == task
    assert score.protocol["list"].startswith("3 sequences (sha256")
    assert "not the" in score.protocol["list"]
    assert score.remarks == ()


@pytest.mark.parametrize("task", BENCHMARKS)
def test_corners_are_boxes(task: str, tmp_path: Path) -> None:
    module, write, expected = BENCHMARKS[task]
    truth = write_truth(tmp_path / "truth", write)
    corners = {name: edges(rows)[:, [0, 1, 2, 1, 2, 3, 0, 3]] for name, rows in BOXES.items()}
    results = write_tracker(tmp_path / "results", corners)
    found = module.score(results, truth, Options()).values
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_results_are_rounded_and_stand_unrounded_beside(
    tmp_path: Path, rgbt234_truth: Path
) -> None:
    shifted = {name: rows + 0.4 for name, rows in BOXES.items()}
    score = scored(tmp_path, shifted, rgbt234_truth)
    assert score.values["msr"] == pytest.approx(PERFECT)
    assert score.values["msr_unrounded"] < PERFECT - 1
    assert "rounded to whole pixels" in score.protocol["rounding"]


def test_results_are_rounded_from_single_precision(tmp_path: Path, rgbt234_truth: Path) -> None:
    """The toolkit reads 4.49999999 as 4.5, and 5.49999999 as 5.5, which becomes 6."""
    near = BOXES["car"].copy()
    near[:, 1] = 5.49999999
    write_rows(rgbt234_truth / "car/visible.txt", np.concatenate([near[:, :1], 0 * near[:, 1:2] + 6,
               near[:, 2:]], 1))  # fmt: skip
    results = write_tracker(tmp_path / "results", BOXES)
    lines = [f"{x:g},5.49999999,{w:g},{h:g}" for x, _, w, h in near]
    (results / "car.txt").write_text("\n".join(lines))
    score = rgbt234.score(results, rgbt234_truth, Options())
    assert score.values["msr"] == pytest.approx(PERFECT)


def test_published_scores_of_the_same_list_stand_beside() -> None:
    for task, module in (("gtot", gtot), ("rgbt234", rgbt234), ("lasher", lasher)):
        layout = module.BENCHMARK.layout
        score = Score({}, {"list": f"{layout.name} ({layout.count} sequences)"})
        assert all(row.comparable for row in comparable(task, score)), task
        other = Score({}, {"list": "3 sequences"})
        assert not any(row.comparable for row in comparable(task, other)), task


def test_list_has_crlf_and_lies_beside_or_above(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "lasher_gt", write_lasher, {**BOXES, "trained": walk()})
    (tmp_path / "lashertest.txt").write_bytes("\r\n".join(NAMES).encode())
    results = write_tracker(tmp_path / "results", BOXES)
    for place in (truth, tmp_path):
        score = lasher.score(results, place, Options())
        assert score.protocol["sequences"] == "3"
        assert score.values["sr"] == pytest.approx(PERFECT)


def test_vtuav_takes_every_tenth_row_of_results_for_all_frames(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth", write_vtuav)
    every = {name: np.full((len(rows) * 10, 4), 900.0) for name, rows in BOXES.items()}
    for name, rows in BOXES.items():
        every[name][::10] = rows
    score = vtuav.score(write_tracker(tmp_path / "results", every), truth, Options())
    assert score.values["sr"] == pytest.approx(PERFECT)
    assert score.remarks == ()


def test_vtuav_leaves_out_frames_without_a_box(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth", write_vtuav)
    for camera in ("rgb", "ir"):
        absent = BOXES["car"].copy()
        absent[5:, 2:] = 0
        write_rows(truth / "car" / f"{camera}.txt", absent)
    score = vtuav.score(write_tracker(tmp_path / "results", BOXES), truth, Options())
    assert score.values["sr"] == pytest.approx(PERFECT)
    assert score.protocol["frames"] == "21"


def test_attributes_are_means_over_their_sequences(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "truth/rgbt234_gt", write_rgbt234).parent
    flags = truth / "attr_txt"
    flags.mkdir()
    (flags / "SequencesName.txt").write_bytes(b"redcar\r\ncar\r\nboy`shead\r\n")
    (flags / "LI.txt").write_bytes(b"1\r\n0\r\n1\r\n")
    (flags / "TC.txt").write_text("0\n1\n0\n")
    (flags / "FM.txt").write_text("0\n0\n0\n")
    results = write_tracker(tmp_path / "results", BOXES | {"car": BOXES["car"] + 300})
    score = rgbt234.score(results, truth, Options(by="attribute"))
    assert score.slices["LI"] == pytest.approx({"mpr": 100, "msr": PERFECT})
    assert score.slices["TC"] == pytest.approx({"mpr": 0, "msr": 0})
    assert np.isnan(score.slices["FM"]["mpr"])
    (flags / "LI.txt").write_text("1\n0\n")
    with pytest.raises(InputError, match=r"LI\.txt: line 2: 2 flags, where 3"):
        rgbt234.score(results, truth, Options(by="attribute"))


def test_attributes_of_lasher_stand_in_a_file_a_sequence(tmp_path: Path) -> None:
    truth = write_truth(tmp_path / "lasher_gt", write_lasher)
    results = write_tracker(tmp_path / "results", BOXES)
    with pytest.raises(InputError, match="no attributes"):
        lasher.score(results, truth, Options(by="attribute"))
    for name in NAMES:
        write_rows(tmp_path / f"AttriSeqsTxt/{name}.txt", [[1.0, *(18 * [float(name == "car")])]])
    score = lasher.score(results, truth, Options(by="attribute"))
    assert len(score.slices) == 19
    assert score.slices["NO"]["sr"] == score.slices["ARC"]["sr"] == pytest.approx(PERFECT)


def test_missing_sequences_are_no_score(tmp_path: Path, rgbt234_truth: Path) -> None:
    with pytest.raises(InputError, match=r"1 of 3 sequences .*results/redcar\.txt"):
        scored(tmp_path, {name: BOXES[name] for name in ("car", "boy`shead")}, rgbt234_truth)


def test_truth_of_another_list_is_told(tmp_path: Path, rgbt234_truth: Path) -> None:
    with pytest.raises(InputError, match="3 of 3 sequences"):
        scored(tmp_path, {"tricycle": walk()}, rgbt234_truth)
    (rgbt234_truth / "SequencesName.txt").write_text("car\ntricycle\n")
    with pytest.raises(InputError, match=r"SequencesName\.txt: line 2: no truth of .* tricycle"):
        scored(tmp_path, BOXES, rgbt234_truth)
    (rgbt234_truth / "SequencesName.txt").write_text("car\ncar\n")
    with pytest.raises(InputError, match=r"line 2: sequence car is listed twice"):
        scored(tmp_path, BOXES, rgbt234_truth)
    with pytest.raises(InputError, match="no sequences of GTOT"):
        gtot.score(tmp_path / "results", rgbt234_truth, Options())


def test_files_of_no_sequence_are_told_and_left_out(tmp_path: Path, rgbt234_truth: Path) -> None:
    score = scored(tmp_path, {**BOXES, "car_time": walk()}, rgbt234_truth)
    assert score.values["mpr"] == 100
    assert len(score.remarks) == 1
    assert "car_time.txt: of no sequence" in score.remarks[0]


@pytest.mark.parametrize("task", BENCHMARKS)
def test_boxes_beyond_the_truth_are_cut_off_and_told(task: str, tmp_path: Path) -> None:
    module, write, expected = BENCHMARKS[task]
    truth = write_truth(tmp_path / "truth", write)
    step = 10 if task == "vtuav" else 1
    longer = np.repeat(np.concatenate([BOXES["car"], walk(3, left=500)]), step, 0)
    results = write_tracker(tmp_path / "results", BOXES | {"car": longer})
    score = module.score(results, truth, Options())
    assert {name: score.values[name] for name in expected} == pytest.approx(expected)
    assert "car.txt: line 9: 11 boxes for 8 frames; what exceeds" in score.remarks[0]


@pytest.mark.parametrize("task", BENCHMARKS)
def test_frames_without_a_box_are_misses_and_told(task: str, tmp_path: Path) -> None:
    module, write, expected = BENCHMARKS[task]
    truth = write_truth(tmp_path / "truth", write)
    results = write_tracker(tmp_path / "results", BOXES | {"car": BOXES["car"][:2]})
    score = module.score(results, truth, Options())
    assert score.values == pytest.approx(
        {name: expected[name.removesuffix("_unrounded")] * 18 / 24 for name in score.values}
    )
    assert "car.txt: line 2: the last box, of 8 frames; a frame without" in score.remarks[0]


def test_boxes_without_area_are_told_with_what_becomes_of_them(tmp_path: Path) -> None:
    negative = BOXES["car"].copy()
    negative[4, 2] = -20
    results = write_tracker(tmp_path / "results", BOXES | {"car": negative})
    place = write_truth(tmp_path / "rgbt234", write_rgbt234)
    score = rgbt234.score(results, place, Options())
    assert score.values["msr"] == pytest.approx(PERFECT * 23 / 24)
    assert "car.txt: line 5: no width or height; such a box overlaps" in score.remarks[0]
    place = write_truth(tmp_path / "lasher", write_lasher)
    score = lasher.score(results, place, Options())
    assert score.values["pr"] == 100
    assert "car.txt: line 5: no width or height; the box before it" in score.remarks[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1,2,3,4\n1,nan,3,4\n", "line 2: .*not finite"),
        ("1,2,3,4\n1,2,three,4\n", "line 2: 'three' is no number"),
        ("1,2,3,4\n1,2,3\n", "line 2: 3 numbers"),
        ("1,2,3\n", "line 1: 3 numbers, where a row has 4 or 8"),
        ("", "line 1: the file is empty"),
    ],
)
def test_rows_that_are_no_boxes_are_told_with_file_and_line(
    text: str, problem: str, tmp_path: Path, rgbt234_truth: Path
) -> None:
    results = write_tracker(tmp_path / "results", BOXES)
    (results / "redcar.txt").write_text(text)
    with pytest.raises(InputError, match=rf"redcar\.txt: {problem}"):
        rgbt234.score(results, rgbt234_truth, Options())


def test_cameras_annotated_for_different_lengths_are_told(
    tmp_path: Path, rgbt234_truth: Path
) -> None:
    write_rows(rgbt234_truth / "car/infrared.txt", BOXES["car"][:6])
    score = scored(tmp_path, BOXES, rgbt234_truth)
    assert score.values["mpr"] == 100
    assert "visible.txt: 8 boxes, infrared.txt has 6" in score.remarks[0]


def test_predictions_are_a_folder(tmp_path: Path, rgbt234_truth: Path) -> None:
    with pytest.raises(InputError, match="a tracker is a folder"):
        rgbt234.score(tmp_path / "nothing", rgbt234_truth, Options())


@pytest.mark.parametrize(
    ("tracker", "mpr", "msr"), [("JMMAC", 90.17, 73.17), ("CAT", 88.89, 71.71)]
)
def test_known_scores_of_gtot(tracker: str, mpr: float, msr: float, tmp_path: Path) -> None:
    place = unpack(crosscheck("rgbt_gtot", "gtot_gt+JMMAC+CAT.tar.xz"), tmp_path) / "gtot"
    score = gtot.score(place / tracker, place, Options())
    assert score.values["mpr"] == pytest.approx(mpr, abs=TOLERANCE)
    assert score.values["msr"] == pytest.approx(msr, abs=TOLERANCE)
    assert score.protocol["list"] == "GTOT (50 sequences)"
    assert score.protocol["frames"] == "7850"
    assert score.remarks == ()


def test_known_scores_of_rgbt234(tmp_path: Path) -> None:
    place = unpack(crosscheck("rgbt234", "rgbt234_gt+MaCNet.tar.xz"), tmp_path) / "rgbt234"
    score = rgbt234.score(place / "MaCNet", place / "gt", Options())
    known = {"mpr": 79.21, "msr": 55.69, "mpr_unrounded": 79.22, "msr_unrounded": 55.61}
    assert score.values == pytest.approx(known, abs=TOLERANCE)
    assert score.protocol["list"] == "RGBT234 (234 sequences)"
    truth = place / "gt/rgbt234_gt"
    visible = {
        path.parent.name: np.loadtxt(path, delimiter=",") for path in truth.glob("*/visible.txt")
    }
    centres = {name: rows[:, :2] + rows[:, 2:] / 2 for name, rows in visible.items()}
    smaller = {
        name: np.rint(np.concatenate([centres[name] - 0.4 * rows[:, 2:], 0.8 * rows[:, 2:]], 1))
        for name, rows in visible.items()
    }
    made = {
        "visible": (visible, 100, 95.2381),
        "by_15": ({name: rows + np.array([15, 0, 0, 0]) for name, rows in visible.items()},
                  100, 36.3332),
        "by_25": ({name: rows + np.array([25, 0, 0, 0]) for name, rows in visible.items()},
                  11.8638, 17.7272),
        "smaller": (smaller, 100, 62.7131),
    }  # fmt: skip
    for name, (boxes, mpr, msr) in made.items():
        found = rgbt234.score(write_tracker(tmp_path / name, boxes), truth, Options()).values
        assert found["mpr"] == pytest.approx(mpr, abs=1e-4), name
        assert found["msr"] == pytest.approx(msr, abs=1e-4), name


def test_known_scores_of_lasher(tmp_path: Path) -> None:
    place = unpack(crosscheck("rgbt_lasher", "lasher_test_gt+APFNet.tar.xz"), tmp_path) / "lasher"
    score = lasher.score(place / "APFNet", place / "lasher_gt", Options())
    for name, value in {"pr": 50.01, "npr": 43.93, "sr": 36.25}.items():
        assert score.values[name] == pytest.approx(value, abs=TOLERANCE)
    assert score.protocol["list"] == "LasHeR testing set (245 sequences)"
    assert score.protocol["frames"] == "220703"
