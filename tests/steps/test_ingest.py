"""The stage ``ingest`` as a command: what it writes, killed and continued, and its errors."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from csv import DictReader
from pathlib import Path

import cv2
import numpy as np
import pytest
from pyarrow import csv

from pipeline_steps.ingest import write_left_out
from tests.made.project import TIMEOUT_S
from tests.made.raw_pairs import (
    contents,
    encoded,
    ingest_folder,
    scene,
    write,
    write_pair,
    write_pairs,
)
from tests.steps.conftest import INGEST, INGEST_OUTPUTS, Project
from twinband.ingest.dataset import open_files
from twinband.ingest.inventory import write_inventory
from twinband.shards.product import product_id
from twinband.verify import verify_product

RAW = Path("data/raw/made-up")


def results(project: Project) -> dict[str, bytes]:
    """Every byte that the stage wrote, by output and file."""
    return {
        f"{output}/{name}": data
        for output in INGEST_OUTPUTS
        for name, data in contents(project.root / output).items()
    }


def test_it_writes_product_metrics_facts_and_plots(project: Project) -> None:
    root = write_pairs(project.root / RAW, 7)
    write(root / "crop_LR_visible" / "alone.jpg", encoded(scene(50)[0]))
    damaged = encoded(scene(6)[0])[:-200] + b"\xff\xd9"
    write(root / "crop_LR_visible" / "p006.jpg", damaged)
    project.write_ingest_params(max_bad_fraction=0.2)
    done = project.ingest()
    assert done.returncode == 0, done.stdout
    pairs, metrics, facts_file, plots, left_out = project.outputs
    assert verify_product(pairs) == []
    assert json.loads(metrics.read_text()) == {"pairs": 7, "left_out": 1}
    facts = json.loads(facts_file.read_text())
    assert (facts["pairs"], facts["left_out"]) == (7, 1)
    assert "untaken" not in facts
    assert facts["protocol"]["splits"] == {"unnamed": 7}
    assert facts["protocol"] == json.loads((pairs / "protocol.json").read_text())
    assert facts["reasons"] == {"missing_partner": 1} and facts["product"] == product_id(pairs)
    assert sum(facts["splits"].values()) == 7 and facts["hours"] == {"unknown": 7}
    assert sorted(contents(plots)) == ["sheet.jpg"]
    [row] = csv.read_csv(left_out).to_pylist()
    assert (row["name"], row["reason"]) == ("alone", "missing_partner")
    sheet = cv2.imread(str(plots / "sheet.jpg"))
    assert sheet is not None and np.ptp(sheet) > 200
    closing = done.stdout.splitlines()[-1]
    assert closing.startswith(
        "ingest@made-up: 7 pairs, 1 left out, shards: 3; "
        "rgb_damaged 1 (e.g. crop_LR_visible/p006.jpg: Corrupt JPEG data: "
    )
    assert "ingest@made-up: 3 of 3 shards" in done.stdout


def test_images_that_nobody_takes_are_counted(project: Project) -> None:
    root = write_pairs(project.root / RAW, 2)
    write(root / "visible" / "1.JPG", encoded(scene(50)[0]))
    project.write_ingest_params()
    done = project.ingest()
    assert done.returncode == 0, done.stdout
    assert "shards: 3; 1 image fits no pattern: visible/*.JPG (1) (" in done.stdout
    assert json.loads(project.outputs[2].read_text())["untaken"] == {"visible/*.JPG": 1}


def test_rgb_images_alone_are_a_dataset(project: Project) -> None:
    for seed in range(3):
        write(project.root / RAW / f"rgb/{seed}.png", encoded(scene(seed)[0], ".png"))
    project.write_ingest_params(
        reader="paired_folders", options={"rgb": "rgb/*.png", "thermal": ""}
    )
    done = project.ingest()
    assert done.returncode == 0, done.stdout
    pairs, _, facts_file, plots, _ = project.outputs
    assert verify_product(pairs) == []
    facts = json.loads(facts_file.read_text())
    assert (facts["pairs"], facts["without_thermal"]) == (3, 3)
    assert cv2.imread(str(plots / "sheet.jpg")) is not None


def test_names_that_are_formulas_are_text_in_the_table_of_what_was_left_out(
    tmp_path: Path,
) -> None:
    root = write_pairs(tmp_path / "raw", 1)
    for name in ("=cmd|' calc'!A1", "@SUM(A1)", "-1"):
        write(root / "cropinfrared" / f"{name}.jpg", encoded(scene(50)[1]))
    built = ingest_folder(root, tmp_path)
    write_left_out(built.manifest, tmp_path / "left_out.csv")
    with (tmp_path / "left_out.csv").open(newline="") as stream:
        rows = list(DictReader(stream))
    assert sorted(row["name"] for row in rows) == ["'-1", "'=cmd|' calc'!A1", "'@SUM(A1)"]
    assert not [cell for row in rows for cell in row.values() if cell[0] in "=+-@"]


def write_large_pairs(root: Path, count: int) -> None:
    """Pairs that take some milliseconds each, so that a kill finds the step at work."""
    for number in range(count):
        for folder, pixels in zip(("crop_LR_visible", "cropinfrared"), scene(number), strict=True):
            large = cv2.resize(pixels, (960, 720), interpolation=cv2.INTER_CUBIC)
            write(root / folder / f"p{number:03d}.jpg", encoded(large))


def begun(work: Path) -> bool:
    return any(work.glob("*/checked/*.tmp"))


def one_finished(work: Path) -> bool:
    return any(work.glob("*/checked/shard-*.json"))


def second_pass(work: Path) -> bool:
    return any(work.glob("*/out/out/made-up/*"))


@pytest.mark.parametrize(
    ("moment", "workers"),
    [(begun, 1), (one_finished, 1), (one_finished, 2), (second_pass, 1)],
)
def test_killed_and_continued_it_gives_the_same_bytes(
    project: Project, moment: Callable[[Path], bool], workers: int
) -> None:
    write_large_pairs(project.root / RAW, 24)
    write_pair(project.root / RAW, "zz-copy", 3)
    write_pair(project.root / RAW, "zz-same", 3)
    write(project.root / RAW / "cropinfrared" / "p004.jpg", b"")
    project.write_ingest_params(shards=6)
    assert project.ingest().returncode == 0
    reference = results(project)
    for path in (project.root / ".work", *project.outputs):
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    project.write_ingest_params(shards=6, runtime={"workers": workers})
    process = project.start("ingest", *INGEST)
    work = project.root / ".work" / "ingest@made-up"
    end = time.monotonic() + TIMEOUT_S
    while not moment(work):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    finished = len(list(work.glob("*/checked/shard-*.json")))

    done = project.ingest()
    assert done.returncode == 0, done.stdout
    assert results(project) == reference
    said = f"; {finished} of 6 shards were already finished ("
    assert (said in done.stdout) == bool(finished), done.stdout
    assert not list(work.glob("*/checked/*.tmp"))


def test_too_many_bad_pairs_exit_4_with_their_reasons(project: Project) -> None:
    root = write_pairs(project.root / RAW, 4)
    write(root / "cropinfrared" / "p001.jpg", b"")
    project.write_ingest_params(max_bad_fraction=0.02)
    done = project.ingest()
    assert done.returncode == 4 and "Traceback" not in done.stdout
    assert "error: made-up: 1 of 4 pairs cannot be used" in done.stdout
    assert "undecodable" in done.stdout and "cropinfrared/p001.jpg" in done.stdout
    assert not any(path.exists() for path in project.outputs)


def test_no_usable_pair_exits_3(project: Project) -> None:
    root = write_pairs(project.root / RAW, 1)
    write(root / "cropinfrared" / "p000.jpg", b"")
    project.write_ingest_params()
    done = project.ingest()
    assert done.returncode == 3 and "not one usable pair" in done.stdout


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"reader": "nobody"}, 2, "there is no src/twinband/readers/nobody.py"),
        ({"options": {"colour": 1}}, 2, "colour: unknown parameter"),
        ({"shards": 0}, 2, "ingest.items.made-up.shards"),
        ({"reader": "mfnet"}, 3, "looked for images/NAME.png"),
    ],
)
def test_errors_are_for_people(
    project: Project, settings: dict[str, object], code: int, message: str
) -> None:
    write_pairs(project.root / RAW, 1)
    project.write_ingest_params(**settings)
    done = project.ingest()
    assert done.returncode == code and message in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


def test_an_item_that_is_not_in_the_parameters_exits_2(project: Project) -> None:
    write_pairs(project.root / RAW, 1)
    project.write_ingest_params()
    done = project.run("ingest", "--item", "other", *INGEST[2:])
    assert done.returncode == 2
    assert "ingest.items.other: missing (there are: made-up)" in done.stdout


def test_outside_data_are_found_by_their_inventory(project: Project, tmp_path: Path) -> None:
    outside = write_pairs(tmp_path / "datasets" / "road", 4)
    inventory = project.root / "data" / "inventory" / "made-up.csv"
    write_inventory(open_files(str(outside)), inventory)
    project.write_ingest_params(root="road", source="data/inventory/made-up.csv")
    arguments = (*INGEST[:3], "data/inventory/made-up.csv", *INGEST[4:])
    for environment, message in (
        ({}, "TWINBAND_DATA is not set"),
        ({"TWINBAND_DATA": str(tmp_path)}, f"{tmp_path}/road does not exist"),
    ):
        done = project.run("ingest", *arguments, **environment)
        assert done.returncode == 3 and message in done.stdout and "export" in done.stdout
    done = project.run("ingest", *arguments, TWINBAND_DATA=str(tmp_path / "datasets"))
    assert done.returncode == 0, done.stdout
    assert verify_product(project.outputs[0]) == []
