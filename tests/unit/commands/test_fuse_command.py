"""``twinband fuse``."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.made.raw_pairs import encoded, ingest_folder, scene, write, write_pairs
from tests.made.registered_pairs import register_pairs
from tests.unit.commands.conftest import Run


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rgb, thermal = scene(0)
    visible = write(tmp_path / "vi/street.jpg", encoded(rgb))
    infrared = write(tmp_path / "ir/other.png", b"")
    cv2.imwrite(str(infrared), thermal.astype(np.uint16) * 25 + 9000)
    return visible, infrared


def shape_of(path: Path) -> tuple[int, ...]:
    image = cv2.imread(str(path))
    assert image is not None
    return image.shape


def words(*values: object) -> list[str]:
    return [str(value) for value in values]


def test_two_files_are_a_pair_whatever_they_are_called(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    done = run("fuse", *words(*files, "-o", tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'out'}: 1 fused images" in done.output
    fused, visible = (cv2.imread(str(path)) for path in (tmp_path / "out/street.png", files[0]))
    assert fused is not None and visible is not None
    assert fused.shape == visible.shape and not np.array_equal(fused, visible)
    done = run("fuse", *words(*files, "-o", tmp_path / "one", "--method", "visible"))
    again = cv2.imread(str(tmp_path / "one/street.png"))
    assert again is not None and np.abs(again.astype(int) - visible).mean() < 2


def test_folders_are_paired_by_name(run: Run, tmp_path: Path) -> None:
    for number, name in enumerate(("a", "sub/b")):
        rgb, thermal = scene(number)
        write(tmp_path / f"vi/{name}.jpg", encoded(rgb))
        write(tmp_path / f"ir/{name}.png", encoded(thermal, ".png"))
    out = tmp_path / "out"
    done = run("fuse", *words(tmp_path / "vi", tmp_path / "ir", "-o", out, "--method", "dwt"))
    assert done.exit_code == 0, done.output
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png"))
    assert found == ["a.png", "sub/b.png"]
    (tmp_path / "ir/a.png").unlink()
    done = run("fuse", *words(tmp_path / "vi", tmp_path / "ir", "-o", out))
    assert (
        done.exit_code == 2
        and "1 rgb images have no thermal image of their name (a)" in done.output
    )


def test_a_dataset_of_the_pipeline(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_pairs(tmp_path / "raw", 3)
    ingest_folder(root, tmp_path / "base")
    register_pairs(tmp_path / "base", aligned=True)
    for product in ("pairs", "registered"):
        (tmp_path / "data" / product).mkdir(parents=True)
        (tmp_path / "base" / product).rename(tmp_path / "data" / product / "made-up")
    monkeypatch.chdir(tmp_path)
    done = run("fuse", *words("--dataset", "made-up", "-o", "out"))
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "out").rglob("*.png"))) == 3


def test_infrared_is_registered_on_request(
    run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    cv2.imwrite(str(files[1]), scene(0)[1][::2, ::2])
    done = run("fuse", *words(*files, "-o", tmp_path / "out"))
    assert done.exit_code == 3 and "street: visible is" in done.output
    assert "register them first" in done.output
    done = run("fuse", *words(*files, "-o", tmp_path / "out", "--register"))
    assert done.exit_code == 0, done.output
    assert shape_of(tmp_path / "out/street.png") == shape_of(files[0])


def test_wrong_use_is_one_line(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    visible, infrared = files
    out = ("-o", tmp_path / "out")
    for arguments, code, said in (
        ((visible, *out), 2, "name a visible and an infrared image"),
        ((visible, infrared, *out, "--dataset", "d"), 2, "images or a --dataset"),
        ((visible, infrared, *out, "--method", "dwt", "--model", infrared), 2, "not both"),
        ((visible, infrared, *out, "--method", "averag"), 3, "methods are average, dwt"),
        ((visible, infrared, *out, "--model", infrared), 3, "cannot be read as tensors only"),
        ((visible, infrared, "-o", visible), 2, "is a file"),
        ((infrared, visible, *out), 3, "other.png"),
        ((visible, tmp_path / "missing.png", *out), 3, "missing.png"),
    ):
        done = run("fuse", *words(*arguments))
        assert done.exit_code == code, done.output
        assert said in done.output and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()
