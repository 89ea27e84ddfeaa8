"""``twinband annotate``."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.made.annotators import NAMES, save_dpt, save_mask2former
from tests.made.sam import small_sam
from tests.unit.commands.conftest import Run
from twinband.sam.rle import area
from twinband.sam.weights import save
from twinband.world.render import render
from twinband.world.scene import sample_scene

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = [
    "classes.json", "classes.png", "depth.json", "depth.png", "masks.json", "overview.jpg",
]  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that name small models."""
    folder = tmp_path_factory.mktemp("models")
    save(small_sam(), folder / "sam")
    options = {
        "sam": folder / "sam",
        "depth": save_dpt(folder / "dpt"),
        "semantics": save_mask2former(folder / "mask2former"),
    }
    return [word for name, path in options.items() for word in (f"--{name}", str(path))]


@pytest.fixture
def images(tmp_path: Path) -> list[str]:
    """An RGB image, and a thermal one of 16 bits."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (6, 8, 3), np.uint8)
    rgb = cv2.resize(coarse, (80, 60), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(tmp_path / "street.png"), rgb)
    cv2.imwrite(str(tmp_path / "warm.png"), rgb[..., 0].astype(np.uint16) * 30 + 9000)
    return [str(tmp_path / "street.png"), str(tmp_path / "warm.png")]


def test_it_labels_rgb_and_thermal(
    run: Run, models: list[str], images: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run("annotate", *images, "-o", str(out), *models, "--points", "4")
    assert result.exit_code == 0, result.output
    for stem in ("street", "warm"):
        folder = out / stem
        assert f"{folder}: " in result.stdout
        assert sorted(path.name for path in folder.iterdir()) == WRITTEN
        content = json.loads((folder / "masks.json").read_text())
        assert (content["height"], content["width"]) == (60, 80)
        for mask in content["masks"]:
            assert area(mask["rle"]) == mask["area"] and mask["rle"]["size"] == [60, 80]
        depth = cv2.imread(str(folder / "depth.png"), cv2.IMREAD_UNCHANGED)
        assert depth is not None and depth.dtype == np.uint16 and depth.shape == (60, 80)
        assert depth.min() == 0 and depth.max() == 65535
        assert json.loads((folder / "depth.json").read_text())["inverse"] is True
        classes = cv2.imread(str(folder / "classes.png"), cv2.IMREAD_UNCHANGED)
        assert classes is not None and classes.max() < len(NAMES)
        assert json.loads((folder / "classes.json").read_text())["classes"] == list(NAMES)
        overview = cv2.imread(str(folder / "overview.jpg"))
        assert overview is not None and overview.shape[:2] == (2 * 384, 2 * 512)


def test_the_sample_models_find_things_unless_more_is_asked_of_them(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = render(sample_scene(0, "annotate", 0, "day"), 256, 192)
    cv2.imwrite(str(tmp_path / "street.png"), street.rgb[..., ::-1])
    monkeypatch.chdir(ROOT)
    masks = []
    for least in ([], ["--iou", "0.88", "--stability", "0.95"]):
        out = tmp_path / f"out{len(least)}"
        result = run("annotate", str(tmp_path / "street.png"), "-o", str(out), *least)
        assert result.exit_code == 0 and "road" in result.stdout, result.output
        masks.append(json.loads((out / "street/masks.json").read_text())["masks"])
    assert len(masks[0]) >= 10 and len(masks[1]) < len(masks[0])


def test_missing_weights_are_said_at_once(
    run: Run, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("annotate", *images, "-o", "out")
    assert result.exit_code == 3
    assert "models/sample/dpt: no weights there" in result.output
    assert not (tmp_path / "out").exists()


def test_what_is_no_image_is_an_error(run: Run, models: list[str], tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    result = run("annotate", str(tmp_path / "text.png"), "-o", str(tmp_path / "out"), *models)
    assert result.exit_code == 3 and "text.png" in result.output
    os.mkfifo(tmp_path / "pipe.png")
    result = run("annotate", str(tmp_path / "pipe.png"), "-o", str(tmp_path / "out"), *models)
    assert result.exit_code == 3 and "pipe.png: a pipe" in result.output


def test_images_of_one_name_are_told_apart_by_their_folders(
    run: Run, models: list[str], images: list[str], tmp_path: Path
) -> None:
    files = [tmp_path / "rgb/0001.png", tmp_path / "thermal/0001.png"]
    for file, image in zip(files, images, strict=True):
        file.parent.mkdir()
        file.write_bytes(Path(image).read_bytes())
    result = run("annotate", *map(str, files), "-o", str(tmp_path / "out"), *models)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["rgb-0001", "thermal-0001"]
    for folder in (tmp_path / "out").iterdir():
        assert sorted(path.name for path in folder.iterdir()) == WRITTEN


def test_arguments_are_looked_at_before_weights(
    run: Run, images: list[str], tmp_path: Path
) -> None:
    nowhere = [word for name in ("depth", "semantics", "sam") for word in (f"--{name}", "nothing")]
    (tmp_path / "file").write_text("")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/street").write_text("")
    for words, code, said in (
        (["missing.png", "-o", "out"], 3, "missing.png: no such file"),
        ([str(tmp_path), "-o", "out"], 3, "a folder, not a file"),
        ([images[0], images[0], "-o", "out"], 2, "is named 2 times"),
        ([*images, "-o", str(tmp_path / "file")], 2, "is a file; -o names a folder"),
        ([*images, "-o", str(tmp_path / "file/below")], 2, "is a file; -o names a folder"),
        ([*images, "-o", str(tmp_path / "taken")], 2, "is a file; -o names a folder"),
        ([str(tmp_path / "file"), "-o", "out"], 3, "file"),
    ):
        result = run("annotate", *words, *nowhere)
        assert result.exit_code == code and said in result.output, result.output
        assert "weights" not in result.output and "Traceback" not in result.output


def test_an_unknown_device_is_an_error(
    run: Run, models: list[str], images: list[str], tmp_path: Path
) -> None:
    words = [*images, "-o", str(tmp_path / "out"), *models, "--device", "abacus"]
    result = run("annotate", *words)
    assert result.exit_code == 2 and "--device abacus" in result.output
