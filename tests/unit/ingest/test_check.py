"""The check of a pair: bytes that are kept, pixels that are converted, pairs that are refused."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.made.raw_pairs import HEIGHT, WIDTH, encoded, ingest_folder, rows_by_name, scene, write
from twinband.core.images import encode_png
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_layout
from twinband.ingest.layout import Entry
from twinband.shards.read import open_products, read_fields

RGB, THERMAL = scene(1)


def ingest_one(
    tmp_path: Path, rgb: bytes, thermal: bytes, suffixes: tuple[str, str] = ("jpg", "jpg")
) -> dict[str, Any]:
    """The manifest's row of one pair beside a good one, so that a reader finds something."""
    for name, data in (("x", (rgb, thermal)), ("good", tuple(map(encoded, scene(99))))):
        for folder, suffix, content in zip(
            ("crop_LR_visible", "cropinfrared"), suffixes, data, strict=True
        ):
            write(tmp_path / "raw" / folder / f"{name}.{suffix}", content)
    return rows_by_name(ingest_folder(tmp_path / "raw", tmp_path))["x"]


def members(tmp_path: Path, row: dict[str, Any]) -> dict[str, bytes]:
    path = tmp_path / "pairs" / f"shard-{row['shard']:06d}.tar"
    return read_fields(path, row["offset"], row["size"], row["key"])


def opencv(data: bytes) -> NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def tiff(pixels: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="TIFF")
    return stream.getvalue()


def test_jpeg_and_png_bytes_pass_through(tmp_path: Path) -> None:
    rgb, thermal = encoded(RGB), encode_png(THERMAL)
    row = ingest_one(tmp_path, rgb, thermal, ("jpg", "png"))
    found = members(tmp_path, row)
    assert (found["rgb.jpg"], found["thermal.png"]) == (rgb, thermal)
    assert (row["status"], row["notes"], row["labels"]) == ("ok", [], [])
    assert (row["rgb_width"], row["rgb_height"]) == (WIDTH, HEIGHT)
    assert (row["rgb_channels"], row["thermal_channels"], row["thermal_bits"]) == (3, 1, 8)
    assert row["licence"] == "CC0-1.0" and row["rgb_path"] == "crop_LR_visible/x.jpg"


def test_the_suffix_of_a_member_is_what_the_file_is(tmp_path: Path) -> None:
    row = ingest_one(tmp_path, encode_png(RGB), encoded(THERMAL), ("jpg", "png"))
    assert {"rgb.png", "thermal.jpg"} < set(members(tmp_path, row))


def test_fourteen_bits_in_sixteen_are_kept_and_noted(tmp_path: Path) -> None:
    deep = 7000 + THERMAL.astype(np.uint16) * 20
    row = ingest_one(tmp_path, encoded(RGB), encode_png(deep), ("jpg", "png"))
    assert row["thermal_bits"] == 14
    assert members(tmp_path, row)["thermal.png"] == encode_png(deep)
    [sample] = [s for s in open_products({"pairs": tmp_path / "pairs"}) if s["key"] == row["key"]]
    np.testing.assert_array_equal(sample["pairs"]["thermal"], deep)
    assert sample["pairs"]["json"]["thermal"]["bits"] == 14


@pytest.mark.parametrize("deep", [False, True])
def test_tiff_becomes_png_pixel_for_pixel(tmp_path: Path, deep: bool) -> None:
    thermal = THERMAL.astype(np.uint16) * 257 if deep else THERMAL
    row = ingest_one(tmp_path, tiff(RGB), tiff(thermal), ("tif", "tif"))
    found = members(tmp_path, row)
    assert {"rgb.png", "thermal.png"} < set(found)
    stored = opencv(found["thermal.png"])
    np.testing.assert_array_equal(stored, thermal)
    assert stored.dtype == thermal.dtype and row["thermal_bits"] == (16 if deep else 8)
    np.testing.assert_array_equal(opencv(found["rgb.png"])[..., ::-1], RGB)


def test_odd_but_usable_pairs_are_noted(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    stream = io.BytesIO()
    Image.fromarray(scene(2)[1]).save(stream, format="JPEG", exif=exif)
    wide = cv2.resize(THERMAL, (160, 48))
    thermal = encoded(np.repeat(wide[..., None], 3, axis=2))
    row = ingest_one(tmp_path, stream.getvalue(), thermal)
    assert row["status"] == "ok"
    assert row["notes"] == [
        "aspect_ratios_differ",
        "rgb_exif_orientation",
        "rgb_one_channel",
        "sizes_differ",
        "thermal_three_channels",
    ]
    assert members(tmp_path, row)["rgb.jpg"] == stream.getvalue()


DEEP_RGB = encode_png(RGB.astype(np.uint16) * 257)
FLOAT = bytes(cv2.imencode(".tif", THERMAL.astype(np.float32))[1])


@pytest.mark.parametrize(
    ("rgb", "thermal", "reason"),
    [
        (encoded(RGB)[:-200], encoded(THERMAL), "truncated"),
        (encoded(RGB), encode_png(THERMAL)[:-200], "truncated"),
        (b"", encoded(THERMAL), "undecodable"),
        (b"<html>404</html>", encoded(THERMAL), "undecodable"),
        (DEEP_RGB, encoded(THERMAL), "wrong_bit_depth"),
        (encoded(RGB), FLOAT, "unknown_unit"),
        (encoded(RGB), encoded(RGB), "wrong_channels"),
        (encoded(RGB[:12]), encoded(THERMAL), "too_small"),
        (encoded(RGB), encoded(THERMAL[:, :12]), "too_small"),
    ],
)
def test_unusable_pairs_are_quarantined_with_their_bytes(
    tmp_path: Path, rgb: bytes, thermal: bytes, reason: str
) -> None:
    row = ingest_one(tmp_path, rgb, thermal)
    assert (row["status"], row["reason"], row["shard"]) == ("quarantined", reason, -1)
    assert "crop_LR_visible/x" in row["detail"] or "cropinfrared/x" in row["detail"]
    [path] = (tmp_path / "pairs").glob("quarantine-*.tar")
    with tarfile.open(path) as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        data = {name: stream.read() for name, stream in found.items() if stream}
    assert (data["x.rgb.jpg"], data["x.thermal.jpg"]) == (rgb, thermal)
    assert reason.encode() in data["x.json"]


def test_stated_radiometry_stands_in_the_sample(tmp_path: Path) -> None:
    thermal = np.linspace(0, 16000, 64 * 48).reshape(48, 64).astype(np.uint16)
    (tmp_path / "a_v.png").write_bytes(encode_png(np.zeros((48, 64, 3), np.uint8)))
    (tmp_path / "a_t.png").write_bytes(encode_png(thermal))
    options = {"rgb": "*_v.png", "thermal": "*_t.png", "kelvin_per_count": 0.04}
    layout = open_layout("paired_folders", str(tmp_path), options)
    (entry,) = layout.scan()
    assert isinstance(entry, Entry)
    info = json.loads(check_pair(layout, entry).fields["json"])
    scale = {"kelvin_per_count": 0.04, "kelvin_at_zero": 0.0}
    assert info["thermal"] == {"bits": 14, "radiometry": scale}
