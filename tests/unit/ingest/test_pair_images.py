"""Images of a pair: turned if asked for, grey though slightly tinted, refused in false colours."""

import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.made.raw_pairs import encoded, ingest_folder, rows_by_name, scene, write
from twinband.core.errors import BadSample
from twinband.core.images import encode_png
from twinband.ingest.notes import Notes, notes_in_words
from twinband.ingest.pair_images import tinted_grey, upright
from twinband.shards.read import open_products

RGB, THERMAL = scene(1)
GREY = np.clip(np.repeat(THERMAL[..., None], 3, axis=2), 40, 215).astype(np.int16)
OPTIONS = {"rgb": "vi/*", "thermal": "ir/*"}


def tinted(*levels: int, deep: bool = False) -> NDArray[Any]:
    pixels = GREY + np.array(levels, np.int16)
    return pixels.astype(np.uint16) * 257 if deep else pixels.astype(np.uint8)


def marked(share: float) -> NDArray[np.uint8]:
    """Grey with a red block of this share of the area."""
    pixels = GREY.astype(np.uint8)
    rows = max(round(share * pixels.shape[0]), 1)
    pixels[:rows] = (255, 0, 0)
    return pixels


def through_jpeg(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return np.asarray(Image.open(io.BytesIO(encoded(pixels, ".jpg", 90))))


@pytest.mark.parametrize(
    "pixels",
    [
        tinted(3, 0, -2),
        tinted(0, 4, 0),
        tinted(0, 0, 7),
        tinted(-4, 0, 4),
        tinted(3, 0, -2, deep=True),
        through_jpeg(tinted(3, 0, -2)),
        through_jpeg(tinted(0, 5, 0)),
        marked(0.001),
        marked(0.04),
        np.dstack([tinted(3, 0, -2), np.full(THERMAL.shape, 255, np.uint8)]),
    ],
)
def test_a_slight_tint_or_a_mark_is_noted(pixels: NDArray[Any]) -> None:
    notes = Notes()
    grey = tinted_grey(pixels, "ir/1.png", notes)
    assert grey is not None and grey.shape == THERMAL.shape and grey.dtype == pixels.dtype
    assert notes.words() == ["thermal_tinted"]
    assert "levels of 255" in notes.cases["thermal_tinted"]


@pytest.mark.parametrize("levels", [(0, 0, 0), (1, 0, 0), (0, 2, 0), (-2, 0, 0), (0, 1, -1)])
def test_equal_channels_are_plain_grey(levels: tuple[int, int, int]) -> None:
    notes = Notes()
    assert tinted_grey(tinted(*levels), "a", notes) is None
    assert tinted_grey(THERMAL, "a", notes) is None and not notes.cases


def coloured(scale: int, pixels: NDArray[np.uint8] = THERMAL) -> NDArray[Any]:
    return cv2.applyColorMap(pixels, scale)[..., ::-1]


@pytest.mark.parametrize(
    "pixels",
    [
        *(coloured(scale) for scale in (cv2.COLORMAP_JET, cv2.COLORMAP_HOT, cv2.COLORMAP_INFERNO)),
        *(coloured(scale) for scale in (cv2.COLORMAP_BONE, cv2.COLORMAP_PINK, cv2.COLORMAP_OCEAN)),
        coloured(cv2.COLORMAP_HOT, np.where(THERMAL > 180, THERMAL, 0).astype(np.uint8)),
        tinted(30, 0, -30),
        tinted(12, 0, 0),
        marked(0.2),
        RGB,
        RGB.astype(np.uint16) * 257,
    ],
)
def test_false_colours_are_refused_with_words(pixels: NDArray[Any]) -> None:
    with pytest.raises(BadSample) as caught:
        tinted_grey(pixels, "ir/1.png", Notes())
    assert caught.value.reason == "wrong_channels"
    assert "levels of 255" in caught.value.detail and "raw or grey" in caught.value.detail


@pytest.mark.parametrize("orientation", range(10))
def test_turning_is_as_viewers_turn(orientation: int) -> None:
    image = Image.fromarray(RGB)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(RGB, orientation), expected)


def turned_jpeg(pixels: NDArray[Any], orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", exif=exif, quality=95)
    return stream.getvalue()


@pytest.mark.parametrize("apply", [False, True])
def test_orientation_is_applied_to_images_and_nothing_else(tmp_path: Path, apply: bool) -> None:
    write(tmp_path / "raw/vi/1.jpg", turned_jpeg(np.rot90(RGB), 6))
    write(tmp_path / "raw/ir/1.png", encode_png(THERMAL))
    write(tmp_path / "raw/ids/1.png", encode_png(THERMAL // 64))
    options = {**OPTIONS, "semantics": "ids/*", "apply_exif_orientation": apply}
    options = {
        k: f"{v}.{'jpg' if k == 'rgb' else 'png'}" if "*" in str(v) else v
        for k, v in options.items()
    }
    built = ingest_folder(tmp_path / "raw", tmp_path, reader="paired_folders", options=options)
    row = rows_by_name(built)["1"]
    [sample] = open_products({"pairs": tmp_path / "pairs"})
    np.testing.assert_array_equal(sample["pairs"]["semantics"], THERMAL // 64)
    if apply:
        assert row["notes"] == ["rgb_exif_orientation_applied"]
        assert (row["rgb_width"], row["rgb_height"]) == RGB.shape[1::-1]
        assert float(np.abs(sample["pairs"]["rgb"].astype(int) - RGB).mean()) < 6
    else:
        assert {"rgb_exif_orientation", "aspect_ratios_differ"} < set(row["notes"])
        assert "rgb_exif_orientation 1" in notes_in_words(built.manifest)


def test_tinted_thermal_reaches_the_shards_as_grey(tmp_path: Path) -> None:
    write(tmp_path / "raw/crop_LR_visible/1.jpg", encoded(RGB))
    write(tmp_path / "raw/cropinfrared/1.png", encode_png(tinted(3, 0, -2)))
    built = ingest_folder(tmp_path / "raw", tmp_path)
    [sample] = open_products({"pairs": tmp_path / "pairs"})
    found = sample["pairs"]["thermal"].astype(int)
    assert found.shape == THERMAL.shape and int(np.abs(found - GREY[..., 0]).max()) <= 3
    assert json.dumps(rows_by_name(built)["1"]["notes"]).count("thermal") == 2
