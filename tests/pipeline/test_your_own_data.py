"""The README's "Your own data", typed as it stands there: two folders with boxes, start to end."""

import json
import re
from pathlib import Path

import cv2
import pytest

from tests.made.layouts import write_text
from tests.made.project import ROOT, Project
from tests.made.raw_pairs import encoded, write
from tests.made.registered_pairs import unshifted
from tests.made.scenes import scene

PAIRS, TEST_PAIRS = 8, 2
WIDTH, HEIGHT = 160, 120
BOX = (20, 30, 60, 90)
BLOCK = re.compile(r"<!-- your-own-data -->\n```sh\n(.*?)```\n<!-- /your-own-data -->", re.DOTALL)


def write_rig(folder: Path) -> None:
    """Write pairs whose thermal images lie some pixels beside, with a box each, and lists."""
    for number in range(PAIRS):
        rgb, thermal = scene(number, WIDTH, HEIGHT)
        write(folder / f"visible/{number:04d}.jpg", encoded(rgb))
        write(folder / f"infrared/{number:04d}.png", encoded(unshifted(thermal, 3, 0), ".png"))
        corners = zip(("xmin", "ymin", "xmax", "ymax"), BOX, strict=True)
        box = "".join(f"<{side}>{value}</{side}>" for side, value in corners)
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
        write_text(
            folder / f"boxes/{number:04d}.xml",
            f"<annotation>{size}<object><name>person</name><bndbox>{box}</bndbox></object>"
            "</annotation>",
        )
    names = [f"{number:04d}\n" for number in range(PAIRS)]
    write_text(folder / "test.txt", "".join(names[:TEST_PAIRS]))
    write_text(folder / "train.txt", "".join(names[TEST_PAIRS:]))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", "test")
    made.environment["PYTHONPATH"] = "src"  # the copy's own
    return made


def test_the_readme_leads_from_two_folders_to_training_data(
    project: Project, tmp_path: Path
) -> None:
    write_rig(tmp_path / "data/rig")
    [block] = BLOCK.findall((ROOT / "README.md").read_text())
    export, *commands = block.replace("\\\n", " ").splitlines()
    assert export.startswith("export TWINBAND_DATA=/")
    project.environment["TWINBAND_DATA"] = str(tmp_path / "data")
    told = {}
    for command in commands:
        words = command.split()
        told[" ".join(words[:3])] = project.run("bash", "-ec", command).stdout
    check = told["twinband datasets check"]
    assert f"{PAIRS} pairs, read by paired_folders" in check and "problems: none" in check
    assert "splits come from: lists (test.txt, train.txt)" in check
    assert f"labels: boxes {PAIRS}" in check
    assert "ready for: twinband datasets add" in check
    facts = json.loads((project.root / "facts/ingest/rig.json").read_text())
    assert facts["splits"] == {"test": TEST_PAIRS, "train": PAIRS - TEST_PAIRS}
    assert f"protocol {facts['protocol']['fingerprint']}" in check
    pictures = told["ls plots/ingest/rig plots/register/rig"].split()
    assert {"sheet.jpg", "distribution.svg"} < set(pictures)
    out = project.root / "out/rig"
    for split, count in (("train", PAIRS - TEST_PAIRS), ("test", TEST_PAIRS)):
        for modality in ("rgb", "thermal"):
            images = sorted((out / modality / "images" / split).iterdir())
            labels = sorted((out / modality / "labels" / split).iterdir())
            assert [p.stem for p in images] == [p.stem for p in labels] and len(images) == count
            for image, label in zip(images, labels, strict=True):
                pixels = cv2.imread(str(image))
                assert pixels is not None and pixels.shape[:2] == (HEIGHT, WIDTH)
                number, x, y, width, height = map(float, label.read_text().split())
                left, top = (x - width / 2) * WIDTH, (y - height / 2) * HEIGHT
                right, bottom = left + width * WIDTH, top + height * HEIGHT
                assert (left, top, right, bottom) == pytest.approx(BOX, abs=1e-3) and number == 0
    assert '0: "person"' in (out / "rgb/data.yaml").read_text()
    changed = project.run("git", "status", "--short").stdout
    assert "params.yaml" in changed and "data/inventory/" in changed
    assert str(tmp_path) not in (project.root / "params.yaml").read_text()
