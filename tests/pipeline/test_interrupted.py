"""Ingest killed at any moment of its first run, then continued: equal results, no work twice."""

import os
import random
import re
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pipeline.project import TIMEOUT_S, Project, kill_group

pytestmark = pytest.mark.slow
PAIRS, SHARDS, KILLS = 1000, 16, 10
STAGE = "ingest@interrupted"


def make_pairs(root: Path) -> None:
    """Small noisy JPEG pairs in RoadScene's layout, a few of them spoilt or copied."""
    generator = np.random.default_rng(0)
    for folder in ("crop_LR_visible", "cropinfrared"):
        (root / folder).mkdir(parents=True)
    for number in range(PAIRS):
        coarse = generator.integers(0, 255, (45, 60, 4), np.uint8)
        image = cv2.resize(coarse, (480, 360), interpolation=cv2.INTER_CUBIC)
        name = f"FLIR_{number:05d}.jpg"
        cv2.imwrite(str(root / "crop_LR_visible" / name), image[..., :3])
        cv2.imwrite(str(root / "cropinfrared" / name), image[..., 3])
    visible, thermal = root / "crop_LR_visible", root / "cropinfrared"
    (visible / "FLIR_00007.jpg").write_bytes((visible / "FLIR_00007.jpg").read_bytes()[:900])
    for images in (visible, thermal):
        (images / "FLIR_00020.jpg").write_bytes((images / "FLIR_00010.jpg").read_bytes())


def make_project(root: Path, data: Path) -> Project:
    """A project whose only dataset stands outside, known by its inventory."""
    project = Project(root, "test")
    params = project.params()
    params["sample_world"]["datasets"] = {}
    params["ingest"]["datasets"] = {}
    params["evaluate"]["items"] = {}
    params["pool"] |= {"datasets": [], "protect": []}
    params["report"] |= {"datasets": [], "evaluations": []}
    project.write_params(params)
    project.environment["TWINBAND_DATA"] = str(data)
    project.run("twinband", "datasets", "add", "interrupted", str(data / "pairs"),
                "--reader", "roadscene", "--shards", str(SHARDS))  # fmt: skip
    project.commit("dataset")
    return project


def start(project: Project) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["dvc", "repro", STAGE],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished_shards(project: Project) -> int:
    return len(list((project.root / ".work").glob("ingest@*/*/checked/shard-*.json")))


def until(process: "subprocess.Popen[str]", project: Project, seconds: float, shards: int) -> None:
    """Kill the run after so many seconds or finished shards, unless it ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and finished_shards(project) < shards:
        try:
            process.wait(timeout=0.02)
            return
        except subprocess.TimeoutExpired:
            continue
    kill_group(process)


def test_killed_and_continued(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make_pairs(data / "pairs")
    fresh = make_project(tmp_path / "fresh", data)
    reference = fresh.copy(tmp_path / "reference")
    begin = time.monotonic()
    reference.run("dvc", "repro", STAGE)
    whole_s = time.monotonic() - begin
    expected = reference.lock()[STAGE]
    moments = random.Random(0)
    continued = []
    for number in range(KILLS):
        project = fresh.copy(tmp_path / f"killed {number}")
        process = start(project)
        if number % 2:  # anywhere in the run
            until(process, project, moments.uniform(0.05, 1.0) * whole_s, SHARDS + 1)
        else:  # amid the shards
            until(process, project, TIMEOUT_S, moments.randint(1, SHARDS * 3 // 4))
        before = finished_shards(project)
        output = project.run("dvc", "repro", STAGE)
        assert project.lock()[STAGE] == expected
        said = re.search(r"(\d+) of 16 shards were already finished", output.stderr)
        if before and "Running stage" in output.stdout:  # else it was all recorded before the kill
            assert said and int(said.group(1)) == before, output.stderr
        continued.append((process.returncode, before))
        assert not os.path.lexists(project.root / "data/pairs/.interrupted.publish")
    print("killed (exit code, shards finished by then):", continued)
    assert any(code != 0 and 0 < before < SHARDS for code, before in continued), continued
