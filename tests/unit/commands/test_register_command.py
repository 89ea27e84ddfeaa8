"""``twinband register``."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.made.hostile.images import png
from tests.made.scenes import displaced, scene
from tests.unit.commands.conftest import Run
from twinband.commands._turned import aspect_remark
from twinband.core.images import EXIF_ORIENTATION
from twinband.registration.geometry import Frame, Similarity, corner_error_px

WRITTEN = ["comparison.jpg", "registration.json", "thermal.png", "valid.png"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """An RGB file, and a 16-bit thermal one that stands off by a known motion."""
    rgb, thermal = scene(5)
    moved, _ = displaced(thermal.astype(np.uint16) * 40, Similarity(7.0, -4.0, 0.01, 0.01))
    cv2.imwrite(str(tmp_path / "rgb.png"), rgb[..., ::-1])
    cv2.imwrite(str(tmp_path / "thermal.png"), moved)
    return tmp_path / "rgb.png", tmp_path / "thermal.png"


def test_it_registers_two_files(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("register", *map(str, files), "-o", str(out))
    assert result.exit_code == 0, result.output
    assert "registered: the corners move by" in result.stdout and str(out) in result.stdout
    assert sorted(path.name for path in out.iterdir()) == WRITTEN
    written = json.loads((out / "registration.json").read_text())
    assert written["status"] == "accepted" and written["score"] > written["score_before"]
    frame = Frame(*written["rgb_size"])
    _, back = displaced(scene(5)[1], Similarity(7.0, -4.0, 0.01, 0.01))
    assert corner_error_px(np.array(written["matrix"]), back, frame) < 2
    thermal = cv2.imread(str(out / "thermal.png"), cv2.IMREAD_UNCHANGED)
    valid = cv2.imread(str(out / "valid.png"), cv2.IMREAD_UNCHANGED)
    assert thermal is not None and valid is not None
    assert thermal.dtype == np.uint16 and thermal.max() > 255
    assert set(np.unique(valid)) == {0, 255} and not thermal[valid == 0].any()


def test_json_says_what_was_found(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    result = run("register", *map(str, files), "-o", str(tmp_path / "out"), "--json")
    assert json.loads(result.stdout) == json.loads((tmp_path / "out/registration.json").read_text())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (900, 3), (60, 80)])
def test_a_failed_registration_is_told_and_moves_nothing(
    run: Run, tmp_path: Path, height: int, width: int
) -> None:
    cv2.imwrite(str(tmp_path / "rgb.png"), np.zeros((height, width, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "thermal.png"), np.full((height, width), 7, np.uint8))
    arguments = (str(tmp_path / "rgb.png"), str(tmp_path / "thermal.png"))
    result = run("register", *arguments, "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("not registered: ")
    written = json.loads((tmp_path / "out/registration.json").read_text())
    assert written["status"] == "failed" and written["forward_backward_px"] is None
    assert written["matrix"] == np.eye(3).tolist()
    thermal = cv2.imread(str(tmp_path / "out/thermal.png"), cv2.IMREAD_UNCHANGED)
    assert thermal is not None and (thermal == 7).all()
    assert (tmp_path / "out/comparison.jpg").stat().st_size > 100


def test_pipes_and_images_without_end_are_one_line(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "vast.png").write_bytes(png(40_000, 4_000))
    for name, problem in (("pipe.png", "a pipe"), ("vast.png", "at most 50 megapixels are read")):
        result = run("register", str(tmp_path / name), str(files[1]), "-o", str(tmp_path / "out"))
        assert result.exit_code == 3 and problem in result.stderr and name in result.stderr
        assert result.stderr.count("\n") == 1 and "ingest.common" not in result.stderr


def test_files_that_are_no_images_are_one_line(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    rgb, thermal = map(str, files)
    missing = run("register", rgb, str(tmp_path / "none.png"), "-o", str(tmp_path / "out"))
    assert missing.exit_code == 3 and "none.png" in missing.stderr
    (tmp_path / "text.png").write_text("no image")
    broken = run("register", str(tmp_path / "text.png"), thermal, "-o", str(tmp_path / "out"))
    assert broken.exit_code == 3 and "text.png" in broken.stderr
    swapped = run("register", thermal, rgb, "-o", str(tmp_path / "out"))
    assert swapped.exit_code == 3 and "thermal.png" in swapped.stderr
    onto_file = run("register", rgb, thermal, "-o", rgb)
    assert onto_file.exit_code == 2 and "-o names a folder" in onto_file.stderr
    assert not (tmp_path / "out").exists()


TURNED = {
    2: "mirror it",
    3: "turn it by 180 degrees",
    4: "turn it by 180 degrees and mirror it",
    5: "mirror it and turn it by 90 degrees counter-clockwise",
    6: "turn it by 90 degrees clockwise",
    7: "mirror it and turn it by 90 degrees clockwise",
    8: "turn it by 90 degrees counter-clockwise",
}


@pytest.mark.parametrize("orientation", [0, 1, *TURNED, 9, 99])
@pytest.mark.parametrize("kind", ["RGB", "thermal"])
def test_an_exif_orientation_is_told_with_what_to_do(
    run: Run, tmp_path: Path, orientation: int, kind: str
) -> None:
    rgb, thermal = scene(3, 64, 48)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    images = {"RGB": (rgb, tmp_path / "rgb.jpg"), "thermal": (thermal, tmp_path / "thermal.jpg")}
    for name, (pixels, path) in images.items():
        Image.fromarray(pixels).save(path, exif=exif if name == kind else Image.Exif())
    arguments = (str(tmp_path / "rgb.jpg"), str(tmp_path / "thermal.jpg"))
    result = run("register", *arguments, "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "out/registration.json").read_text())
    if orientation in TURNED:
        [remark] = written["remarks"]
        assert f"the {kind} image" in remark and f"EXIF orientation {orientation}: " in remark
        assert f"viewers {TURNED[orientation]}, but" in remark and "save it" in remark
        assert remark in result.stdout
    else:
        assert written["remarks"] == [] and "EXIF" not in result.stdout


@pytest.mark.parametrize(
    ("rgb_size", "thermal_size", "told"),
    [
        ((320, 256), (256, 320), True),
        ((256, 320), (320, 256), True),
        ((4000, 3000), (60, 80), True),
        ((48, 64), (80, 60), True),
        ((320, 256), (320, 256), False),
        ((640, 480), (320, 256), False),
        ((256, 320), (48, 64), False),
        ((64, 64), (64, 48), False),
        ((64, 48), (64, 64), False),
        ((64, 64), (64, 64), False),
    ],
)
def test_opposite_aspect_ratios_are_told(
    rgb_size: tuple[int, int], thermal_size: tuple[int, int], told: bool
) -> None:
    remark = aspect_remark(rgb_size, thermal_size)
    assert bool(remark) == told
    if told:
        for width, height in (rgb_size, thermal_size):
            assert f"{width} x {height} px" in remark
        assert "turned by 90 degrees; turn it and try again" in remark


def test_a_turned_pair_is_told_where_it_fails(run: Run, tmp_path: Path) -> None:
    rgb, thermal = scene(4, 96, 64)
    Image.fromarray(np.ascontiguousarray(np.rot90(rgb))).save(tmp_path / "rgb.png")
    Image.fromarray(thermal).save(tmp_path / "thermal.png")
    files = (str(tmp_path / "rgb.png"), str(tmp_path / "thermal.png"))
    registered = run("register", *files, "-o", str(tmp_path / "out"))
    fused = run("fuse", *files, "--register", "-o", str(tmp_path / "fused"))
    for result in (registered, fused):
        assert result.exit_code == 0, result.output
        assert "not registered: the edges of both images fit" in result.stdout
        assert "one of them lies turned by 90 degrees" in result.stdout


def test_the_images_are_never_written_over(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    before = files[1].read_bytes()
    result = run("register", *map(str, files), "-o", str(tmp_path))
    assert result.exit_code == 2 and "thermal.png is one of the images" in result.stderr
    result = run("fuse", *map(str, files), "-o", str(tmp_path))
    assert result.exit_code == 2 and "rgb.png is one of the images" in result.stderr
    assert files[1].read_bytes() == before


@pytest.mark.parametrize("command", ["register", "fuse"])
@pytest.mark.parametrize(
    "out", ["file", "file/below", "file/below/it", "x" * 300, "a/" + "x" * 300]
)
def test_what_can_be_no_folder_is_one_line(
    run: Run, files: tuple[Path, Path], tmp_path: Path, command: str, out: str
) -> None:
    (tmp_path / "file").write_text("")
    result = run(command, *map(str, files), "-o", str(tmp_path / out))
    assert result.exit_code == 2 and result.stderr.count("\n") == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
