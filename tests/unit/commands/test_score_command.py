"""``twinband score``: its output, its exit codes, its messages."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.made.detections import coco_truth, detection, kaist_truth, write_json, write_text
from tests.made.known_scores import write_image
from tests.unit.commands.conftest import Run

PERSON = (100, 100, 30, 60)
ROW = "100,100,30,60,0.9"


@pytest.fixture
def kaist(tmp_path: Path) -> tuple[str, str, str]:
    """A truth and two results."""
    truth = write_json(tmp_path / "truth.json", kaist_truth({0: [PERSON], 9: [PERSON]}, 10, 0))
    half = write_text(tmp_path / "half.txt", f"1,{ROW}")
    whole = write_text(tmp_path / "whole.txt", f"1,{ROW}", f"10,{ROW}")
    return str(truth), str(half), str(whole)


def test_json_of_one(run: Run, kaist: tuple[str, str, str]) -> None:
    truth, half, _ = kaist
    result = run("score", "kaist", "--predictions", half, "--truth", truth, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["reasonable"] == pytest.approx(50) and found["near"] is None
    assert found["protocol"]["mode"] == "strict"


def test_json_of_several_is_a_list(run: Run, kaist: tuple[str, str, str]) -> None:
    truth, half, whole = kaist
    arguments = ["--predictions", half, "--predictions", whole, "--truth", truth]
    found = json.loads(run("score", "kaist", *arguments, "--json").output)
    assert [entry["predictions"] for entry in found] == [half, whole]
    assert found[1]["all"] == pytest.approx(1e-8)


def test_a_table_of_several(run: Run, kaist: tuple[str, str, str]) -> None:
    truth, half, whole = kaist
    arguments = ["--predictions", half, "--predictions", whole, "--truth", truth]
    result = run("score", "kaist", *arguments, "--by", "hour")
    assert result.exit_code == 0, result.output
    assert "half.txt" in result.output and "whole.txt" in result.output
    assert "mode: strict" in result.output and "not comparable: list" in result.output


def test_the_mode_of_the_leaderboard(run: Run, kaist: tuple[str, str, str]) -> None:
    """Annotation 0 is a false positive for it, and comes first on ten images."""
    truth, _, whole = kaist
    arguments = ["--predictions", whole, "--truth", truth, "--mode", "evalai", "--json"]
    found = json.loads(run("score", "kaist", *arguments).output)
    assert found["reasonable"] == pytest.approx(50)
    assert found["protocol"]["mode"] == "evalai"


def test_coco(run: Run, tmp_path: Path) -> None:
    truth = write_json(tmp_path / "truth.json", coco_truth({0: [(10, 10, 40, 40)]}))
    found = write_json(tmp_path / "found.json", [detection(0, (10, 10, 40, 40))])
    arguments = ["--predictions", str(found), "--truth", str(truth), "--json"]
    assert json.loads(run("score", "coco-bbox", *arguments).output)["ap"] == pytest.approx(1)


def test_a_convention_of_segmentation(run: Run, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.array([[0, 1, 1]], np.uint8))
    image = str(tmp_path / "a.png")
    arguments = ["score", "segmentation", "--predictions", image, "--truth", image, "--json"]
    assert json.loads(run(*arguments).output)["definition"] == "ids"
    named = json.loads(run(*arguments, "--definition", "mfnet").output)
    assert (named["definition"], named["miou"]) == ("mfnet", 1)
    assert run(*arguments, "--definition", "linfen").exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kaist", "--truth", "t"], "kaist takes --predictions and --truth"),
        (["kaist", "--predictions", "p"], "kaist takes --predictions and --truth"),
        (["fusion", "--fused", "f"], "fusion takes --visible, --infrared and --fused"),
        (["kaist", "--mode", "loose"], "--mode loose: one of strict, evalai"),
        (["coco-bbox", "--mode", "evalai"], "--mode evalai is of kaist alone, not of coco-bbox"),
        (["kaist", "--definition", "zoo"], "--definition is of fusion and segmentation"),
        (["fusion", "--definition", "tang"], "--definition tang: one of linfeng, zoo, standard"),
        (["kaist", "--by", "weather"], "--by weather: one of hour, class, size, attribute"),
    ],
)
def test_wrong_use(run: Run, arguments: list[str], message: str) -> None:
    result = run("score", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_bad_input(run: Run, kaist: tuple[str, str, str], tmp_path: Path) -> None:
    truth, _, _ = kaist
    found = write_text(tmp_path / "found.txt", f"1,{ROW}", "2,nan,1,1,1,1")
    result = run("score", "kaist", "--predictions", str(found), "--truth", truth, "--json")
    assert result.exit_code == 3 and result.stdout == ""
    assert "found.txt: line 2: '2,nan,1,1,1,1' holds what is not finite" in result.stderr
    unknown = run("score", "coco", "--predictions", str(found), "--truth", truth)
    assert unknown.exit_code == 3 and "no task 'coco'; there are" in unknown.stderr
