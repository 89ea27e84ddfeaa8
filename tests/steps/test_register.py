"""The stage ``register`` as a command: what it writes, killed and continued, and its errors."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.made.project import TIMEOUT_S
from tests.made.raw_pairs import contents, write
from tests.made.registered_pairs import SETTINGS, Made, homographies, name_of, shift, write_pairs
from tests.made.scenes import displaced, scene
from tests.steps.conftest import RUNTIME, Project
from twinband.registration.geometry import Similarity
from twinband.shards.product import product_id
from twinband.shards.read import open_products
from twinband.shards.registered import registered_pair
from twinband.verify import verify_product

OUTPUTS = (
    "data/registered/made-up",
    "metrics/register/made-up.json",
    "facts/register/made-up.json",
    "plots/register/made-up",
)
PAIRS, CALIBRATION, TRUTH = "data/pairs/made-up", "data/homographies/rig.csv", "data/truth.csv"
REGISTER = (
    *("--item", "made-up", "--pairs", PAIRS, "--homographies", CALIBRATION, "--truth", TRUTH),
    *("--out", OUTPUTS[0], "--metrics", OUTPUTS[1], "--facts", OUTPUTS[2], "--plots", OUTPUTS[3]),
)
WORK = ".work/register@made-up"
MOTION = Similarity(6.0, -4.0, 0.02, 0.02)


def prepare(project: Project, *shards: dict[str, Made | None], **settings: Any) -> None:
    """Pairs, empty tables of transforms, and parameters."""
    write_pairs(project.root / PAIRS, *shards)
    for path in (CALIBRATION, TRUTH):
        write(project.root / path, homographies({}).encode())
    set_params(project, **settings)


def set_params(project: Project, workers: int = 1, **settings: Any) -> None:
    own = {"homographies": CALIBRATION, "truth": TRUTH, "pooled_pairs": 4, **settings}
    items = {"made-up": {**SETTINGS, **own}}
    project.write_params(register={"items": items}, runtime=RUNTIME | {"workers": workers})


def moved_pair(seed: int, group: str = "", frame: int | None = None) -> Made:
    rgb, thermal = scene(seed, 320, 200)
    return Made(rgb, displaced(thermal, MOTION)[0], group=group, frame=frame)


def results(project: Project) -> dict[str, bytes]:
    """Every byte that the stage wrote."""
    return {
        f"{output}/{name}": data
        for output in OUTPUTS
        for name, data in contents(project.root / output).items()
    }


def test_it_writes_product_metrics_facts_and_plots(project: Project) -> None:
    rgb, thermal = scene(7, 320, 200)
    odd: dict[str, Made | None] = {
        "aligned": Made(rgb, thermal),
        "black": Made(np.zeros_like(rgb), thermal),
        "saturated": Made(rgb, np.full_like(thermal, 255)),
        "tiny": Made(rgb[:16, :16], thermal[:16, :16].astype(np.uint16) * 256),
        "wide": Made(rgb, thermal[::2, :100]),
        "wrong": Made(rgb, scene(70, 320, 200)[1]),
        "unusable": None,
    }
    prepare(project, {"moved": moved_pair(1)}, odd, {})
    true = displaced(scene(1, 320, 200)[1], MOTION)[1]
    write(project.root / TRUTH, homographies({name_of("moved"): true}).encode())
    done = project.run("register", *REGISTER)
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout and "Traceback" not in done.stdout
    out, metrics, facts_file, plots = (project.root / path for path in OUTPUTS)
    assert verify_product(out, source=project.root / PAIRS) == []
    facts = json.loads(facts_file.read_text())
    headline = json.loads(metrics.read_text())
    assert headline["pairs"] == 7 and headline["failed"] == facts["status"]["failed"]
    assert facts["product"] == product_id(out) and facts["pairs"] == 7
    assert facts["status"]["accepted"] >= 1 and facts["reasons"]["too_small"] == 1
    assert facts["reasons"]["flat_rgb"] == facts["reasons"]["flat_thermal"] == 1
    assert (
        facts["corner_error_px"]["after"]["mean"] < 1 < facts["corner_error_px"]["before"]["mean"]
    )
    pictures = [path for path in sorted(plots.rglob("*")) if path.suffix in (".png", ".jpg")]
    assert pictures
    for path in pictures:
        image = cv2.imread(str(path))
        assert image is not None and np.ptp(image) > 100, path
    joined = open_products({"pairs": project.root / PAIRS, "registered": out})
    assert len([registered_pair(sample) for sample in joined]) == 7
    assert "register@made-up: 3 of 3 shards" in done.stdout
    closing = done.stdout.splitlines()[-1]
    counts = ", ".join(f"{count} {status}" for status, count in facts["status"].items())
    assert closing.startswith(f"register@made-up: 7 pairs: {counts} ("), closing


def rig_finished(work: Path) -> bool:
    return any(work.glob("*/rigs/*.json"))


def begun(work: Path) -> bool:
    return any(work.glob("*/shards/*.tmp"))


def one_finished(work: Path) -> bool:
    return any(work.glob("*/shards/shard-*.json"))


def pictured(work: Path) -> bool:
    return any(work.glob("*/out/plots/made-up/*"))


def kill_at(project: Project, moment: Callable[[Path], bool]) -> None:
    process = project.start("register", *REGISTER)
    end = time.monotonic() + TIMEOUT_S
    while not moment(project.root / WORK):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_killed_and_continued_it_gives_the_same_bytes(project: Project) -> None:
    shards: list[dict[str, Made | None]] = [{}, {}, {}]
    for number in range(4):
        shards[number % 3][f"p{number}"] = moved_pair(number, "drive", frame=number)
    shards[2]["single"] = moved_pair(8)
    shards[2]["wrong"] = Made(scene(91, 320, 200)[0], scene(92, 320, 200)[1])
    prepare(project, *shards, rig="sequence")
    assert project.run("register", *REGISTER).returncode == 0
    reference = results(project)
    work = project.root / WORK
    moments = ((rig_finished, 1), (begun, 1), (one_finished, 2), (pictured, 1))
    for moment, workers in moments:
        for path in (work, *(project.root / path for path in OUTPUTS)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        set_params(project, workers, rig="sequence")
        kill_at(project, moment)
        finished = len(list(work.glob("*/shards/shard-*.json")))
        rigs = {path: path.stat().st_mtime_ns for path in work.glob("*/rigs/*.json")}

        done = project.run("register", *REGISTER)
        assert done.returncode == 0, done.stdout
        assert results(project) == reference, moment.__name__
        said = f"; {finished} of 3 shards were already finished ("
        assert (said in done.stdout) == bool(finished), done.stdout
        assert not list(work.glob("*/shards/*.tmp"))
        assert rigs and {path: path.stat().st_mtime_ns for path in rigs} == rigs


LEARNED = '''
"""A backend as somebody might add it."""

import numpy as np

from twinband.registration.register import Registration

SHIFT_PX = 5.0


class Matcher:
    def register(self, samples):
        matrix = np.eye(3)
        matrix[0, 2] = SHIFT_PX
        return Registration(matrix, matrix, "accepted", "", 0.9, 0.1, 0.5, SHIFT_PX)


def open_backend(options):
    return Matcher(**options)
'''


def test_another_backend_is_one_more_file(project: Project) -> None:
    path = project.root / "src" / "twinband" / "backends" / "learned.py"
    path.write_text(LEARNED)
    rgb, thermal = scene(1, 160, 120)
    prepare(project, {"a": Made(rgb, thermal)}, backend="learned")
    outcomes = []
    for shift_px in ("5.0", "5.0", "7.0"):  # its code is a part of what the work is known by
        path.write_text(LEARNED.replace("5.0", shift_px))
        done = project.run("register", *REGISTER)
        assert done.returncode == 0, done.stdout
        assert "1 pairs: 1 accepted" in done.stdout
        facts = json.loads((project.root / OUTPUTS[2]).read_text())
        outcomes.append((facts["motion_px"]["median"], "already finished" in done.stdout))
    assert outcomes == [(5.0, False), (5.0, True), (7.0, False)]
    sample = open_products(
        {"pairs": project.root / PAIRS, "registered": project.root / OUTPUTS[0]}
    )[0]
    np.testing.assert_array_equal(registered_pair(sample).thermal[:, 7:], thermal[:, :-7])


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"backend": "nobody"}, 2, "there is no src/twinband/backends/nobody.py"),
        (
            {"options": {"colour": 1}},
            2,
            "register.items.made-up: the registration backend search cannot be opened",
        ),
        ({"options": {"max_shift_share": "far"}}, 2, "max_shift_share must be a number, not 'far'"),
        ({"options": {"max_shift_px": 30}}, 2, "max_shift_px is called max_shift_share now"),
        ({"shift_tolerance_px": 4.0}, 2, "is called shift_tolerance_working_px now"),
        ({"on_failure": "shrug"}, 2, "register.items.made-up.on_failure"),
        (
            {"shift_tolerance_working_px": -1},
            2,
            "register.items.made-up.shift_tolerance_working_px",
        ),
        ({"colour": 1}, 2, "register.items.made-up.colour: unknown parameter"),
    ],
)
def test_errors_are_for_people(
    project: Project, settings: dict[str, object], code: int, message: str
) -> None:
    prepare(project, {"a": Made(*scene(1, 64, 48))}, **settings)
    done = project.run("register", *REGISTER)
    assert done.returncode == code and message in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    assert not any((project.root / path).exists() for path in OUTPUTS)


@pytest.mark.parametrize(("path", "workers"), [(CALIBRATION, 2), (TRUTH, 1)])
def test_a_wrong_table_of_transforms_is_told_by_file_and_line(
    project: Project, path: str, workers: int
) -> None:
    shards: list[dict[str, Made | None]] = [{key: Made(*scene(1, 64, 48))} for key in "ab"]
    prepare(project, *shards, aligned=True)
    set_params(project, workers, aligned=True)
    text = homographies({"a": shift(1, 0), "b": np.zeros((3, 3)) + np.diag([0, 0, 1.0])})
    write(project.root / path, text.encode())
    done = project.run("register", *REGISTER)
    assert done.returncode == 3, done.stdout
    assert f"{path}, line 3: this matrix has no inverse" in done.stdout
    assert "Traceback" not in done.stdout


def test_pairs_that_were_not_ingested_exit_3(project: Project) -> None:
    prepare(project, {"a": Made(*scene(1, 64, 48))})
    shutil.rmtree(project.root / PAIRS)
    done = project.run("register", *REGISTER)
    assert done.returncode == 3 and f"{PAIRS} does not exist" in done.stdout
