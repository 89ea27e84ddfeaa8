"""Stages killed at any moment of their first run, then continued: equal results, no work twice."""

import random
import re
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.made.project import TIMEOUT_S, Project, kill_group, start_dvc
from twinband.core.params import parse

pytestmark = pytest.mark.slow
FINISHED = {  # what outlives a kill: shards in a stage's work folder, or single labels
    "ingest@interrupted": "ingest@*/*/checked/shard-*.json",
    "register@interrupted": "register@*/*/shards/shard-*.json",
    "sam_masks@interrupted": "cache/masks/*/*/*.label",
    "pseudo_labels@interrupted": "cache/*/*/*/*.label",
}
SAID = re.compile(r"(\d+) of \d+ shards were already finished|(\d+) found in the cache")
STAGES = ("sample_world", "ingest", "register", "sam_masks", "pseudo_labels", "evaluate")


def make_pairs(root: Path, pairs: int, width: int, height: int) -> None:
    """Small noisy JPEG pairs in RoadScene's layout, a few of them spoilt or copied."""
    generator = np.random.default_rng(0)
    for folder in ("crop_LR_visible", "cropinfrared"):
        (root / folder).mkdir(parents=True)
    for number in range(pairs):
        coarse = generator.integers(0, 255, (45, 60, 4), np.uint8)
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        name = f"FLIR_{number:05d}.jpg"
        cv2.imwrite(str(root / "crop_LR_visible" / name), image[..., :3])
        cv2.imwrite(str(root / "cropinfrared" / name), image[..., 3])
    visible, thermal = root / "crop_LR_visible", root / "cropinfrared"
    (visible / "FLIR_00007.jpg").write_bytes((visible / "FLIR_00007.jpg").read_bytes()[:900])
    for images in (visible, thermal):
        (images / "FLIR_00020.jpg").write_bytes((images / "FLIR_00010.jpg").read_bytes())


def make_project(root: Path, data: Path, shards: int) -> Project:
    """A project whose only dataset stands outside, known by its inventory."""
    project = Project(root, "test")
    params = project.params()
    for stage in STAGES:
        params[stage]["items"] = {}
    params["pool"]["datasets"] = []
    project.write_params(params)
    project.environment["TWINBAND_DATA"] = str(data)
    project.run("twinband", "datasets", "add", "interrupted", str(data / "pairs"),
                "--reader", "roadscene", "--shards", str(shards))  # fmt: skip
    project.commit("dataset")
    return project


def finished(project: Project, stage: str) -> int:
    return len(list((project.root / ".work").glob(FINISHED[stage])))


def until(
    process: "subprocess.Popen[str]", project: Project, stage: str, seconds: float, parts: int
) -> None:
    """Kill the run after so many seconds or finished parts, unless it ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and finished(project, stage) < parts:
        try:
            process.wait(timeout=0.02)
            return
        except subprocess.TimeoutExpired:
            continue
    kill_group(process)


def kill_and_continue(fresh: Project, base: Path, stage: str, parts: int, kills: int) -> None:
    """Kill the stage's first run ``kills`` times, each in a copy of ``fresh`` of its own; it
    consists of so many parts, each of which must not be lost once it is finished."""
    reference = fresh.copy(base / "reference")
    begin = time.monotonic()
    reference.run("dvc", "repro", stage)
    whole_s = time.monotonic() - begin
    expected = reference.lock()[stage]
    moments = random.Random(0)
    continued = []
    for number in range(kills):
        project = fresh.copy(base / f"killed {number}")
        process = start_dvc(project, "repro", stage)
        if number % 2:  # anywhere in the run
            until(process, project, stage, moments.uniform(0.05, 1.0) * whole_s, parts + 1)
        else:  # amid its parts
            until(process, project, stage, TIMEOUT_S, moments.randint(1, parts * 3 // 4))
        before = finished(project, stage)
        output = project.run("dvc", "repro", stage)
        assert project.lock()[stage] == expected
        said = SAID.search(output.stdout + output.stderr)
        ran = f"Running stage '{stage}'" in output.stdout
        if before and ran:  # else it was all recorded before the kill
            assert said and int(said[1] or said[2]) == before, output.stderr
        continued.append((process.returncode, before))
        assert not [path for path in expected["outs"] if not (project.root / path["path"]).exists()]
        assert not list(project.root.glob("data/*/.interrupted.publish"))
    print("killed (exit code, parts finished by then):", continued)
    assert any(code != 0 and 0 < before < parts for code, before in continued), continued


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.long)])
def test_ingest_killed_and_continued(kills: int, tmp_path: Path) -> None:
    make_pairs(tmp_path / "data" / "pairs", pairs=100 * kills, width=480, height=360)
    fresh = make_project(tmp_path / "fresh", tmp_path / "data", shards=16)
    kill_and_continue(fresh, tmp_path, "ingest@interrupted", parts=16, kills=kills)


@pytest.mark.parametrize("kills", [2, pytest.param(6, marks=pytest.mark.long)])
def test_register_killed_and_continued(kills: int, tmp_path: Path) -> None:
    make_pairs(tmp_path / "data" / "pairs", pairs=16, width=120, height=90)
    fresh = make_project(tmp_path / "fresh", tmp_path / "data", shards=6)
    params = fresh.params()
    params["ingest"]["common"]["max_bad_fraction"] = 0.1
    params["register"]["items"]["interrupted"] |= {"aligned": False, "rig": "pair"}
    fresh.write_params(params)
    fresh.run("dvc", "repro", "ingest@interrupted")
    kill_and_continue(fresh, tmp_path, "register@interrupted", parts=6, kills=kills)


@pytest.mark.long
@pytest.mark.parametrize("stage", ["sam_masks", "pseudo_labels"])
def test_labels_killed_and_continued(stage: str, tmp_path: Path) -> None:
    """By the sample annotators; 23 pairs are left of 25, and each has two labels: masks of both
    modalities, or depth and classes of one."""
    make_pairs(tmp_path / "data" / "pairs", pairs=25, width=120, height=90)
    fresh = make_project(tmp_path / "fresh", tmp_path / "data", shards=2)
    params = fresh.params()
    item = next(
        iter(parse((fresh.root / "profiles/test.yaml").read_text())[stage]["items"].values())
    )
    params["ingest"]["common"]["max_bad_fraction"] = 0.1
    params[stage]["items"]["interrupted"] = {**item, "truth": "data/truth/none"}
    fresh.write_params(params)
    fresh.run("dvc", "repro", "register@interrupted")
    kill_and_continue(fresh, tmp_path, f"{stage}@interrupted", parts=2 * 23, kills=2)
