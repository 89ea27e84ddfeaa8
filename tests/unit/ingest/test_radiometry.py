"""Kelvin a count, stated for a dataset: checked on each image."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.made.raw_pairs import encoded, ingest_folder, rows_by_name, scene, write
from twinband.cli import app
from twinband.core.images import encode_png
from twinband.ingest.notes import Notes, notes_in_words
from twinband.ingest.radiometry import checked_scale
from twinband.shards.read import open_products

RGB, THERMAL = scene(1)
IMPLAUSIBLE, ON_8_BITS = ["radiometry_implausible"], ["radiometry_on_8_bits"]


@pytest.mark.parametrize(
    ("counts", "dtype", "per_count", "at_zero", "words"),
    [
        (7500, np.uint16, 0.04, 0.0, []),
        (30000, np.uint16, 0.01, 0.0, []),
        (2500, np.uint16, 0.01, 273.15, []),
        (18000, np.uint16, 0.01, 0.0, []),
        (50000, np.uint16, 0.02, 0.0, []),
        (7500, np.uint16, 0.01, 0.0, IMPLAUSIBLE),  # the scale of other files
        (30000, np.uint16, 0.04, 0.0, IMPLAUSIBLE),
        (2500, np.uint16, 0.01, 0.0, IMPLAUSIBLE),  # hundredths of a degree Celsius
        (30000, np.uint16, 0.01, 1273.15, IMPLAUSIBLE),
        (0, np.uint16, 0.04, 0.0, IMPLAUSIBLE),
        (65535, np.uint16, 0.04, 0.0, IMPLAUSIBLE),
        (30000, np.uint16, 1.0, 0.0, IMPLAUSIBLE),
        (300, np.uint16, 0.01, -273.15, IMPLAUSIBLE),
        (128, np.uint8, 0.04, 0.0, ON_8_BITS),
        (128, np.uint8, 2.0, 0.0, ON_8_BITS),
        (0, np.uint8, 0.01, 300.0, ON_8_BITS),
    ],
)
def test_a_scale_holds_where_it_gives_temperatures(
    counts: int, dtype: Any, per_count: float, at_zero: float, words: list[str]
) -> None:
    notes = Notes()
    scale = {"kelvin_per_count": per_count, "kelvin_at_zero": at_zero}
    pixels = np.full((24, 32), counts, dtype)
    assert checked_scale(scale, pixels, "t/1.png", notes) == (None if words else scale)
    assert notes.words() == words
    assert all(case.startswith("t/1.png: ") for case in notes.cases.values())


def test_dead_pixels_and_hot_spots_do_not_matter() -> None:
    notes = Notes()
    pixels = np.full((24, 32), 7500, np.uint16)
    pixels[:8], pixels[20:] = 0, 65535
    scale = {"kelvin_per_count": 0.04, "kelvin_at_zero": 0.0}
    assert checked_scale(scale, pixels, "t/1.png", notes) == scale and not notes.cases
    assert checked_scale(None, pixels, "t/1.png", notes) is None and not notes.cases


def test_check_ingest_and_manifest_tell(tmp_path: Path) -> None:
    cold = np.full(THERMAL.shape, 100, np.uint16) + THERMAL
    for number, thermal in enumerate((7000 + cold, THERMAL, cold)):
        write(tmp_path / f"raw/v/{number}.png", encoded(scene(number)[0], ".png"))
        write(tmp_path / f"raw/t/{number}.png", encode_png(thermal))
    options = {"rgb": "v/*.png", "thermal": "t/*.png", "kelvin_per_count": 0.04}
    built = ingest_folder(tmp_path / "raw", tmp_path, reader="paired_folders", options=options)
    rows = rows_by_name(built)
    assert [rows[str(n)]["notes"] for n in range(3)] == [[], ON_8_BITS, IMPLAUSIBLE]
    assert "t/1.png: 8 bits" in rows["1"]["detail"]
    assert "radiometry_on_8_bits 1 (e.g. t/1.png: 8 bits" in notes_in_words(built.manifest)
    samples = {s["key"]: s["pairs"]["json"] for s in open_products({"pairs": tmp_path / "pairs"})}
    scale = {"kelvin_per_count": 0.04, "kelvin_at_zero": 0.0}
    assert [samples[str(n)]["thermal"]["radiometry"] for n in range(3)] == [scale, None, None]
    words = [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
    command = ["datasets", "check", "paired_folders", str(tmp_path / "raw"), *words]
    found = CliRunner().invoke(app, [*command, "--json"])
    assert {*ON_8_BITS, *IMPLAUSIBLE} <= json.loads(found.stdout)["notes"].keys()
