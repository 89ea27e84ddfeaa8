"""Decoding keeps depth, channels and orientation, and names what is wrong."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from twinband.core import images
from twinband.core.errors import BadSample
from twinband.core.outside import LIMITS
from twinband.core.thermal import thermal_of

RANDOM = np.random.default_rng(7)
DEEP = RANDOM.integers(0, 1 << 16, (20, 30), dtype=np.uint16)
GREY = RANDOM.integers(0, 256, (20, 30), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (20, 30, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(0, 256, (20, 30, 4), dtype=np.uint8)


def pillow(pixels: NDArray[Any], kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format=kind, **options)
    return stream.getvalue()


def palette_image(kind: str, width: int = 30, **options: Any) -> tuple[bytes, NDArray[np.uint8]]:
    indices = RANDOM.integers(0, 9, (20, width), dtype=np.uint8)
    image = Image.fromarray(indices, mode="P")
    image.putpalette([level for i in range(256) for level in (i * 20 % 256, 255 - i, 7)])
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue(), indices


def reason(data: bytes) -> str:
    with pytest.raises(BadSample) as caught:
        images.decode(data, "some/file.png")
    assert "some/file.png" in caught.value.detail
    return caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_images_are_told(kind: str, share: float) -> None:
    data = pillow(COLOUR, kind)
    assert reason(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize("data", [b"", b"these are words, no image\n", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_undecodable(data: bytes) -> None:
    assert reason(data) == "undecodable"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    assert reason(pillow(COLOUR, kind)) == "undecodable"


def test_a_flipped_byte_in_a_png_is_told() -> None:
    data = bytearray(pillow(COLOUR, "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert reason(bytes(data)) in ("truncated", "undecodable")


def test_a_decompression_bomb_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = b""
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")):
        check = zlib.crc32(name + body)
        chunks += struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)
    assert reason(b"\x89PNG\r\n\x1a\n" + chunks) == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        pillow(DEEP, "PNG"),
        pillow(DEEP, "TIFF"),
        pillow(DEEP, "TIFF", compression="tiff_lzw"),
        bytes(cv2.imencode(".png", DEEP)[1]),
        bytes(cv2.imencode(".tif", DEEP)[1]),
    ],
    ids=["png", "tiff", "lzw", "opencv-png", "opencv-tiff"],
)
def test_sixteen_bits_stay_sixteen(data: bytes) -> None:
    decoded = images.decode(data, "x")
    assert decoded.bits == 16 and decoded.pixels.dtype == np.uint16
    np.testing.assert_array_equal(decoded.pixels, DEEP)
    np.testing.assert_array_equal(images.as_thermal(decoded, "x"), DEEP)


def test_big_endian_tiff_is_read_as_the_same_numbers() -> None:
    stream = io.BytesIO()
    Image.frombytes("I;16B", (30, 20), DEEP.astype(">u2").tobytes()).save(stream, format="TIFF")
    decoded = images.decode(stream.getvalue(), "x")
    np.testing.assert_array_equal(decoded.pixels, DEEP)
    assert decoded.pixels.dtype.isnative


def test_signed_sixteen_bit_tiff_is_read_where_nothing_is_negative() -> None:
    signed = (DEEP >> 1).astype(np.int16)
    decoded = images.decode(bytes(cv2.imencode(".tif", signed)[1]), "x")
    np.testing.assert_array_equal(decoded.pixels, DEEP >> 1)
    assert decoded.pixels.dtype == np.uint16
    assert reason(bytes(cv2.imencode(".tif", -signed - 1)[1])) == "wrong_bit_depth"


def test_float_tiff_is_decoded_as_it_is_and_is_thermal_alone() -> None:
    celsius = (GREY / 10).astype(np.float32)
    decoded = images.decode(bytes(cv2.imencode(".tif", celsius)[1]), "x")
    assert decoded.bits == 32 and decoded.channels == 1
    np.testing.assert_array_equal(decoded.pixels, celsius)
    with pytest.raises(BadSample, match="RGB of 32 bits"):
        images.as_rgb(decoded, "x")
    with pytest.raises(BadSample, match="not counts"):
        images.as_thermal(decoded, "x")
    kelvin = thermal_of(decoded, "x").astype(np.float64) / 100
    np.testing.assert_allclose(kelvin, GREY / 10 + 273.15, atol=0.0051)
    assert thermal_of(images.decode(pillow(GREY, "PNG"), "x"), "x").dtype == np.uint8


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_rgb_is_decoded_whole_and_refused_as_rgb(suffix: str) -> None:
    deep = RANDOM.integers(0, 1 << 16, (20, 30, 3), dtype=np.uint16)
    decoded = images.decode(bytes(cv2.imencode(suffix, deep[..., ::-1])[1]), "x")
    np.testing.assert_array_equal(decoded.pixels, deep)
    with pytest.raises(BadSample, match="wrong_bit_depth"):
        images.as_rgb(decoded, "x")


def test_truncated_sixteen_bit_rgb_is_told() -> None:
    """OpenCV, which decodes these, would fill what is missing."""
    deep = RANDOM.integers(0, 1 << 16, (20, 30, 3), dtype=np.uint16)
    data = bytes(cv2.imencode(".png", deep)[1])
    assert reason(data[: len(data) // 2]) == "truncated"


def test_four_channels_keep_the_fourth() -> None:
    decoded = images.decode(pillow(ALPHA, "PNG"), "x")
    assert decoded.channels == 4
    np.testing.assert_array_equal(decoded.pixels, ALPHA)
    np.testing.assert_array_equal(images.as_rgb(decoded, "x"), ALPHA[..., :3])


@pytest.mark.parametrize(
    ("kind", "width", "options"),
    [
        ("PNG", 30, {}),
        ("BMP", 160, {}),
        ("TIFF", 30, {}),
        ("TIFF", 30, {"compression": "tiff_lzw"}),
    ],
)
def test_a_label_map_with_a_palette_gives_its_indices(
    kind: str, width: int, options: dict[str, Any]
) -> None:
    data, indices = palette_image(kind, width, **options)
    np.testing.assert_array_equal(images.decode(data, "x").pixels, indices)


def test_a_photograph_with_a_palette_gives_its_colours() -> None:
    data, _ = palette_image("PNG")
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    decoded = images.decode(data, "x")
    np.testing.assert_array_equal(images.as_rgb(decoded, "x"), expected)
    assert decoded.channels == 3
    with pytest.raises(BadSample, match="wrong_channels"):  # pseudo-colours are no temperatures
        images.as_thermal(decoded, "x")


def test_other_colour_spaces_are_refused() -> None:
    stream = io.BytesIO()
    Image.fromarray(ALPHA, mode="CMYK").save(stream, format="JPEG")
    assert reason(stream.getvalue()) == "wrong_channels"
    stream = io.BytesIO()
    Image.fromarray(COLOUR).convert("LAB").save(stream, format="TIFF")
    assert reason(stream.getvalue()) == "wrong_channels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_orientation_is_reported_and_never_applied(kind: str) -> None:
    exif = Image.Exif()
    exif[images.EXIF_ORIENTATION] = 6
    turned = images.decode(pillow(COLOUR, kind, exif=exif), "x")
    plain = images.decode(pillow(COLOUR, kind), "x")
    assert (turned.orientation, plain.orientation) == (6, 1)
    np.testing.assert_array_equal(turned.pixels, plain.pixels)


def test_a_jpeg_with_previews_is_a_jpeg() -> None:
    stream = io.BytesIO()
    main = Image.fromarray(COLOUR)
    main.save(stream, format="MPO", save_all=True, append_images=[main])
    decoded = images.decode(stream.getvalue(), "x")
    assert (decoded.format, decoded.pixels.shape) == ("JPEG", COLOUR.shape)


def test_three_equal_channels_are_one_thermal_channel() -> None:
    smooth = cv2.GaussianBlur(GREY, (0, 0), 2)
    decoded = images.decode(pillow(np.repeat(smooth[..., None], 3, axis=2), "JPEG"), "x")
    thermal = images.as_thermal(decoded, "x")
    assert decoded.channels == 3 and thermal.shape == smooth.shape
    assert np.abs(thermal.astype(int) - smooth).max() <= 12  # what JPEG loses


def test_differing_channels_are_no_thermal_image() -> None:
    with pytest.raises(BadSample, match="wrong_channels"):
        images.as_thermal(images.decode(pillow(COLOUR, "PNG"), "x"), "x")


def test_channels_that_differ_by_what_jpeg_explains_are_equal() -> None:
    near = np.stack([GREY // 2, GREY // 2 + images.GREY_TOLERANCE, GREY // 2], axis=2)
    np.testing.assert_array_equal(
        images.as_thermal(images.decode(pillow(near, "PNG"), "x"), "x"), GREY // 2
    )
    with pytest.raises(BadSample):
        far = near + np.array([0, 1, 0], np.uint8)
        images.as_thermal(images.decode(pillow(far, "PNG"), "x"), "x")


def test_a_grey_image_becomes_rgb() -> None:
    rgb = images.as_rgb(images.decode(pillow(GREY, "PNG"), "x"), "x")
    np.testing.assert_array_equal(rgb, np.repeat(GREY[..., None], 3, axis=2))


@pytest.mark.parametrize("pixels", [GREY, DEEP, COLOUR, ALPHA], ids=["8", "16", "rgb", "rgba"])
def test_png_keeps_every_pixel_and_equal_pixels_give_equal_bytes(pixels: NDArray[Any]) -> None:
    data = images.encode_png(pixels)
    np.testing.assert_array_equal(images.decode(data, "x").pixels, pixels)
    assert images.encode_png(np.asfortranarray(pixels)) == data


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "rgb"])
def test_jpeg_keeps_the_picture_and_equal_pixels_give_equal_bytes(pixels: NDArray[Any]) -> None:
    smooth = cv2.GaussianBlur(pixels, (0, 0), 3)
    data = images.encode_jpeg(smooth, 95)
    decoded = images.decode(data, "x")
    assert (decoded.format, decoded.pixels.shape) == ("JPEG", pixels.shape)
    assert np.abs(decoded.pixels.astype(int) - smooth).max() <= 12
    assert images.encode_jpeg(np.asfortranarray(smooth), 95) == data
    assert len(images.encode_jpeg(smooth, 30)) < len(data)


def test_jpeg_keeps_thin_coloured_lines_where_colours_are_sharp() -> None:
    lines = np.zeros((64, 64, 3), np.uint8)
    lines[:, ::8] = (255, 140, 0)
    lost = [
        np.abs(images.decode(data, "x").pixels.astype(int) - lines).mean()
        for data in (
            images.encode_jpeg(lines, 82, sharp_colours=True),
            images.encode_jpeg(lines, 82),
        )
    ]
    assert lost[0] < lost[1] / 2


WHOLE = {
    "jpg": pillow(COLOUR, "JPEG"),
    "png": pillow(ALPHA, "PNG"),
    "png16": pillow(DEEP, "PNG"),
    "tif": pillow(DEEP, "TIFF"),
    "bmp": pillow(GREY, "BMP"),
    "palette": palette_image("PNG")[0],
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(kind=st.sampled_from(sorted(WHOLE)), data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_raise_nothing_else(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(WHOLE[kind])
    places = st.integers(0, min(len(damaged), 300) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        damaged[place] = byte
    cut = data.draw(st.one_of(st.just(len(damaged)), st.integers(1, len(damaged))))
    try:
        decoded = images.decode(bytes(damaged[:cut]), kind, LIMITS)
        images.as_thermal(decoded, kind)
        images.as_rgb(decoded, kind)
    except BadSample:
        return
    assert decoded.pixels.dtype in (np.uint8, np.uint16)
