"""Each command of README's section on scores runs, on a small benchmark in the real layout."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask
from typer.testing import CliRunner

from tests.contract.conftest import ROOT
from tests.made.detections import (
    coco_truth,
    detection,
    kaist_truth,
    voc_object,
    write_json,
    write_text,
    write_voc,
)
from tests.made.known_scores import walk, write_image, write_rows, write_tracker
from twinband.cli import app
from twinband.scoring.score import tasks

TEXT = (ROOT / "README.md").read_text()
[BLOCK] = re.findall(r"<!-- scores -->\n```sh\n(.*?)```", TEXT, re.S)
COMMANDS = [shlex.split(line) for line in BLOCK.splitlines()]
BOX = (10, 10, 40, 40)
BOXES = {"car": walk(), "boy`shead": walk(left=50)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files that the commands name."""
    root = tmp_path_factory.mktemp("scores")
    write_detections(root)
    write_tracks(root)
    random = np.random.default_rng(0)
    for name in ("maps", "GT", "vi", "ir", "fused"):
        for stem in "ab":
            levels = random.integers(0, 256, (192, 192), np.uint8)
            levels = (levels > 128).astype(np.uint8) * 255 if name == "GT" else levels
            write_image(root / name / f"{stem}.png", levels)
    for name in ("out/predictions", "out/truth"):
        write_image(root / name / "00001D.png", random.integers(0, 9, (12, 16), np.uint8))
    for name in ("depth", "depth_truth"):
        write_image(root / name / "a.png", random.integers(500, 9000, (12, 16), np.uint16))
    return root


def write_detections(root: Path) -> None:
    truth = coco_truth({0: [BOX], 1: [BOX]})
    outline = [[10, 10, 50, 10, 50, 50, 10, 50]]
    for annotation in truth["annotations"]:
        annotation["segmentation"] = outline
    write_json(root / "instances.json", truth)
    write_json(root / "found.json", [detection(0, BOX)])
    runs = mask.encode(np.asfortranarray(np.ones((100, 120), np.uint8)))
    runs["counts"] = runs["counts"].decode()
    write_json(root / "masks.json", [{**detection(0, BOX), "segmentation": runs}])
    write_voc(root / "Annotations", {"a": [voc_object("person", (10, 10, 29, 49))]})
    write_text(root / "results/comp4_det_test_person.txt", "a 0.9 10 10 29 49")
    write_json(root / "KAIST_annotation.json", kaist_truth({0: [(100, 100, 30, 60)]}, 10))
    write_text(root / "MLPD_result.txt", "1,100,100,30,60,0.9")


def write_tracks(root: Path) -> None:
    for name, rows in BOXES.items():
        corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], 1)
        for camera in "vi":
            write_rows(root / "GTOT" / name / f"groundTruth_{camera}.txt", corners, "\t")
        for camera in ("visible", "infrared"):
            write_rows(root / "RGBT234" / name / f"{camera}.txt", rows)
        for camera in ("rgb", "ir"):
            write_rows(root / "VTUAV" / name / f"{camera}.txt", rows, " ")
        write_rows(root / "RGBT210" / name / "init.txt", rows, " ")
        write_rows(root / "LasHeR" / f"{name}.txt", rows)
    for tracker in ("JMMAC", "CAT", "MaCNet", "SOWP", "APFNet", "HMFT"):
        write_tracker(root / tracker, BOXES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[2])
def test_a_command_prints_numbers_and_protocol(
    command: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, command[1:])
    assert result.exit_code == 0, result.output
    asked = {*command, "--json"} - set(command)
    found = json.loads(CliRunner().invoke(app, [*command[1:], *asked]).output)
    for score in found if isinstance(found, list) else [found]:
        numbers = [value for value in score.values() if isinstance(value, int | float)]
        assert numbers and len(score["protocol"]) >= 2, score


def test_there_is_one_for_each_task() -> None:
    assert sorted(command[2] for command in COMMANDS) == tasks()
