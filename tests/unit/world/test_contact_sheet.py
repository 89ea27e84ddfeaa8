"""The picture of the sample world."""

from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from twinband.world.classes import SCENE_CLASSES
from twinband.world.contact_sheet import COLOURS, contact_sheet, main
from twinband.world.scene import HOURS


def test_a_row_for_each_hour_and_two_more_columns_with_seven() -> None:
    five, seven = contact_sheet(48, 36, 5), contact_sheet(48, 36, 7)
    assert five.dtype == np.uint8
    assert five.shape[0] == seven.shape[0]
    assert five.shape[0] > len(HOURS) * 36
    assert seven.shape[1] - five.shape[1] == 2 * (48 + 4)
    assert np.array_equal(seven[:, -5 * 52 :], five[:, -5 * 52 :])


@pytest.mark.parametrize("columns", [0, 4, 6, 9])
def test_other_numbers_of_columns_are_refused(columns: int) -> None:
    with pytest.raises(ValueError, match=f"{columns} is neither"):
        contact_sheet(48, 36, columns)


def test_every_class_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(SCENE_CLASSES)
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_the_command_writes_what_was_drawn_within_a_step_of_grey(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(main)
    size = ["--width", "48", "--height", "36", "--columns", "5"]
    done = CliRunner().invoke(app, [str(tmp_path / "sheet.png"), *size])
    assert done.exit_code == 0, done.output
    written = np.asarray(Image.open(tmp_path / "sheet.png")).astype(int)
    assert np.abs(written - contact_sheet(48, 36, 5)).max() <= 2
