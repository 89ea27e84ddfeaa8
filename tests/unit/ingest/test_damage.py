"""Damage that decoders step over is heard."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.made.raw_pairs import encoded, scene
from twinband.core.images import decode, encode_png
from twinband.ingest.damage import damage, note_damage
from twinband.ingest.notes import Notes

RGB, THERMAL = scene(1)
BIG = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
JPEG = encoded(BIG)


def saved(kind: str, **how: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, **how)
    return stream.getvalue()


PNG = saved("PNG")
PROGRESSIVE = saved("JPEG", progressive=True)


def with_chunk(kind: bytes, content: bytes, wrong: int = 0) -> bytes:
    """The PNG with one more chunk after the head."""
    total = zlib.crc32(kind + content) ^ wrong
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", total)
    return PNG[:33] + chunk + PNG[33:]


def with_wrong_sum() -> bytes:
    """The PNG with another sum of its pixels."""
    place = PNG.index(b"IEND") - 5
    return PNG[:place] + bytes([PNG[place] ^ 1]) + PNG[place + 1 :]


def tiff_of_too_many_tags() -> bytes:
    """A TIFF whose tag of one value has two."""
    data = saved("TIFF")
    (begin,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, begin)
    for place in range(begin + 2, begin + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from("<H", data, place)
        if tag == 277:  # samples per pixel
            return data[: place + 4] + struct.pack("<I", 2) + data[place + 8 :]
    raise AssertionError


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (JPEG[: len(JPEG) // 2] + b"\xff\xd9", "premature end of data"),
        (JPEG[: len(JPEG) // 3] + b"\xff\xd9", "premature end of data"),
        (JPEG[:-2] + b"abcdefghijk" + JPEG[-2:], "extraneous bytes"),
        (JPEG[:3000] + JPEG[3300:], "Corrupt JPEG data"),
        (PROGRESSIVE[:-60] + b"\xff\xd9", "premature end of data"),
        (with_wrong_sum(), "checksum of its part IDAT"),
        (with_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")), "colour profile"),
        (with_chunk(b"iCCP", b"x\0\0no zlib"), "colour profile"),
        (PNG + b"more", "bytes follow its end"),
        (PNG[:-12], "it has no end"),
    ],
)
def test_damage_that_can_be_decoded_is_told(data: bytes, said: str) -> None:
    assert decode(data, "a").pixels.shape[2] == 3
    assert said in damage(data)
    notes = Notes()
    note_damage("rgb", data, "vi/1.jpg", notes)
    assert notes.words() == ["rgb_damaged"] and notes.cases["rgb_damaged"].startswith("vi/1.jpg: ")


@pytest.mark.parametrize(
    "data",
    [
        JPEG,
        encoded(THERMAL),
        PROGRESSIVE,
        saved("JPEG", quality=1),
        saved("JPEG", optimize=True),
        PNG,
        encode_png(THERMAL),
        encode_png(THERMAL.astype(np.uint16) * 200),
        saved("TIFF"),
        saved("TIFF", compression="tiff_lzw"),
        saved("BMP"),
        with_chunk(b"tEXt", b"by\0me"),
    ],
)
def test_whole_images_are_whole(data: bytes) -> None:
    assert damage(data) == ""


def test_warnings_of_pillow_are_heard() -> None:
    data = tiff_of_too_many_tags()
    assert decode(data, "a").pixels.shape == RGB.shape
    assert damage(data)


def test_what_others_write_to_stderr_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    damage(JPEG[: len(JPEG) // 2] + b"\xff\xd9")
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"
