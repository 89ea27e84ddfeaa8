"""Grey levels of thermal files, by ``--thermal-levels`` and ``--black-hot``."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.made.raw_pairs import encoded, scene, write
from tests.unit.commands.conftest import Run
from twinband.cli import UsageError
from twinband.commands._thermal_levels import thermal_choice
from twinband.core.thermal import ThermalLevels, to_eight_bits

COUNTS = (scene(1)[1].astype(np.uint16) * 16) + 28_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image", {}),
        ("28000:31000", {"rule": "range", "low": 28_000.0, "high": 31_000.0}),
        ("0:40celsius", {"rule": "range", "low": 0.0, "high": 40.0, "unit": "celsius"}),
        ("-10.5:7.25celsius", {"rule": "range", "low": -10.5, "high": 7.25, "unit": "celsius"}),
        ("270:310kelvin", {"rule": "range", "low": 270.0, "high": 310.0, "unit": "kelvin"}),
        ("1:2counts", {"rule": "range", "low": 1.0, "high": 2.0}),
    ],
)
def test_levels_are_named_in_one_word(text: str, expected: dict[str, object]) -> None:
    assert thermal_choice(text, False) == ThermalLevels.model_validate(expected)
    black_hot = {**expected, "polarity": "black_hot"}
    assert thermal_choice(text, True) == ThermalLevels.model_validate(black_hot)


@pytest.mark.parametrize(
    "text", ["", "images", "5", "5:", "a:b", "40:0", "7:7", "1:2miles", "1:2:3"]
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--thermal-levels"):
        thermal_choice(text, False)


def seen(run: Run, tmp_path: Path, thermal: Path, *options: str) -> np.ndarray:
    """Thermal as methods of fusion see it."""
    visible = write(tmp_path / "vi.jpg", encoded(scene(1)[0]))
    out = tmp_path / "out"
    words = map(str, ("fuse", visible, thermal, "-o", out, "--method", "infrared", *options))
    done = run(*words)
    assert done.exit_code == 0, done.output
    image = cv2.imread(str(out / "vi.png"), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), to_eight_bits(COUNTS)),
        (("--black-hot",), 255 - to_eight_bits(COUNTS)),
        (("--thermal-levels", "28000:32080"), np.clip((COUNTS - 28_000.0) / 4_080 * 255, 0, 255)),
    ],
)
def test_counts_are_seen_as_asked(
    run: Run, tmp_path: Path, options: tuple[str, ...], expected: np.ndarray
) -> None:
    path = tmp_path / "ir.png"
    cv2.imwrite(str(path), COUNTS)
    np.testing.assert_allclose(seen(run, tmp_path, path, *options), expected, atol=1.01)


def test_floating_point_files_are_temperatures_with_holes(run: Run, tmp_path: Path) -> None:
    celsius = (scene(1)[1] / 255 * 40).astype(np.float32)
    celsius[:8] = np.nan
    path = tmp_path / "ir.tif"
    Image.fromarray(celsius).save(path)
    image = seen(run, tmp_path, path, "--thermal-levels", "0:40celsius")
    np.testing.assert_allclose(image[8:], celsius[8:] / 40 * 255, atol=1.1)
    assert (image[:8] <= 1).all()
    by_image = seen(run, tmp_path, path)
    assert by_image[8:].std() > image[8:].std(), "the hole has no say in the levels"


def test_temperatures_of_counts_are_not_guessed(run: Run, tmp_path: Path) -> None:
    path, visible = tmp_path / "ir.png", write(tmp_path / "vi.jpg", encoded(scene(1)[0]))
    cv2.imwrite(str(path), COUNTS)
    words = ("fuse", visible, path, "-o", tmp_path / "out", "--thermal-levels", "0:40celsius")
    done = run(*map(str, words))
    assert done.exit_code == 2 and "whose temperatures nobody states" in done.output


def test_turned_images_are_told(run: Run, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    thermal = tmp_path / "ir.png"
    Image.fromarray(scene(1)[1]).save(thermal, exif=exif)
    visible = write(tmp_path / "vi.jpg", encoded(scene(1)[0]))
    done = run(*map(str, ("fuse", visible, thermal, "-o", tmp_path / "out")))
    assert done.exit_code == 0 and "has the EXIF orientation 6" in done.output + done.stderr
