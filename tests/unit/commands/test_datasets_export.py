"""``twinband datasets export``."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.made.exports import make_registered
from tests.unit.commands.conftest import Run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("made")
    make_registered(base, count=3)
    return base


@pytest.fixture
def dataset(project: Path, made: Path) -> str:
    """A dataset of the project that was ingested and registered."""
    params: Any = YAML(typ="safe").load((project / "params.yaml").read_text())
    params["ingest"]["items"]["rig"] = {"reader": "paired_folders", "source": "data/raw/rig"}
    with (project / "params.yaml").open("w") as stream:
        YAML(typ="safe").dump(params, stream)
    for product in ("pairs", "registered"):
        shutil.copytree(made / product, project / "data" / product / "rig")
    return "rig"


@pytest.mark.parametrize("form", ["coco", "yolo", "yolo-oriented", "fiftyone"])
def test_it_says_what_it_wrote_and_what_to_do_with_it(
    run: Run, project: Path, dataset: str, form: str
) -> None:
    done = run("datasets", "export", dataset, "out", "--to", form)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "out: 3 pairs (test 1, train 1, val 1)"
    assert lines[1] == "  objects: 4 on rgb, 4 on thermal; classes: bicycle, car, person"
    assert lines[-1].startswith("ready for: ") and "out" in lines[-1]
    about = json.loads((project / "out/export.json").read_text())
    assert (about["form"], about["dataset"]) == (form, "rig")


def test_part_of_it(run: Run, project: Path, dataset: str) -> None:
    arguments = ("--to", "coco", "--modality", "thermal", "--split", "train", "--split", "val")
    assert run("datasets", "export", dataset, "deep/out", *arguments).exit_code == 0
    annotations = sorted(path.name for path in (project / "deep/out/annotations").iterdir())
    assert annotations == ["train_thermal.json", "val_thermal.json"]
    assert not list((project / "deep/out").rglob("*/rgb/*"))
    again = run("datasets", "export", dataset, "deep/out", *arguments)
    assert again.exit_code == 3 and "--overwrite replaces it" in again.stderr
    replaced = run("datasets", "export", dataset, "deep/out", *arguments, "--overwrite")
    assert replaced.exit_code == 0, replaced.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nobody", "out", "--to", "coco"), 2, "no dataset 'nobody'; it has: "),
        (("sample-mfnet", "out", "--to", "coco"), 2, "dvc repro register@sample-mfnet"),
        (("rig", "out", "--to", "voc"), 2, "'voc' is not one of"),
        (("rig", "params.yaml", "--to", "coco"), 2, "params.yaml is a file"),
        (("rig", ".", "--to", "coco"), 2, "cannot be replaced as a whole"),
        (("rig", "data", "--to", "coco"), 3, "data holds other files"),
        (("rig", "data", "--to", "coco", "--overwrite"), 3, "data holds other files"),
        (("rig", "out", "--to", "coco", "--split", "holdout"), 3, "splits: test, train, val"),
    ],
)
def test_wrong_use_is_told_in_a_line(
    run: Run, project: Path, dataset: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run("datasets", "export", *arguments)
    assert done.exit_code == code, done.output
    assert message in done.stderr
    assert not (project / "out").exists() and (project / "data/pairs/rig/index.json").is_file()
