"""Image files that lie, are cut or swell: by name, with the suffix they go by."""

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 64, 48
RANDOM = np.random.default_rng(11)
GREY = RANDOM.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
DEEP = RANDOM.integers(0, 1 << 16, (HEIGHT, WIDTH), dtype=np.uint16)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(pixels: NDArray[Any], kind: str, mode: str | None = None, **options: Any) -> bytes:
    """Encode pixels with Pillow, converted to ``mode`` first."""
    image = Image.fromarray(pixels)
    stream = io.BytesIO()
    (image.convert(mode) if mode else image).save(stream, format=kind, **options)
    return stream.getvalue()


def chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    """Make a chunk of a PNG, with another checksum if one is given."""
    check = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def png(
    width: int = WIDTH,
    height: int = HEIGHT,
    bits: int = 8,
    colour: int = 0,
    interlaced: int = 0,
    rows: bytes | None = None,
    before: bytes = b"",
    after: bytes = b"",
    end: bytes = chunk(b"IEND", b""),
) -> bytes:
    """Make a PNG of any header; ``rows`` are its pixels with filters, ``before`` stands before."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    data = (b"\0" + b"\7" * WIDTH) * HEIGHT if rows is None else rows
    return (
        SIGNATURE
        + chunk(b"IHDR", header)
        + before
        + chunk(b"IDAT", zlib.compress(data))
        + (after + end)
    )


def zeros(mib: int) -> bytes:
    """Compress a number of MiB of zeros."""
    return zlib.compress(bytes(mib << 20))


def of_png() -> Mapping[str, bytes]:
    """Make PNGs."""
    good = saved(COLOUR, "PNG")
    palette = chunk(b"PLTE", bytes(range(30)))
    exif = b"MM\0*\0\0\0\x08"
    bomb = zeros(96)
    return {
        "vast": png(40_000, 40_000),
        "vast-deep-rgba": png(40_000, 40_000, 16, 6),
        "vast-interlaced": png(40_000, 40_000, 8, 2, 1),
        "a-little-too-vast": png(7_100, 7_100),
        "of-2-31-columns": png(2**31 - 1, 1),
        "of-2-32-columns": png(2**32 - 1, 2**32 - 1),
        "wide": png(40_000, 20, rows=(b"\0" + bytes(40_000)) * 20),
        "no-pixels": png(0, 0),
        "no-columns": png(0, 48),
        "one-pixel": png(1, 1, rows=b"\0\0"),
        "fifteen": png(15, 15, rows=(b"\0" + bytes(15)) * 15),
        "no-palette": png(colour=3),
        "short-palette": png(colour=3, rows=(b"\0" + b"\xfe" * WIDTH) * HEIGHT, before=palette),
        "empty-palette": png(colour=3, before=chunk(b"PLTE", b"")),
        "odd-palette": png(colour=3, before=chunk(b"PLTE", b"1234567")),
        "long-transparency": png(colour=3, before=palette + chunk(b"tRNS", bytes(5_000))),
        "short-transparency": png(colour=2, before=chunk(b"tRNS", b"\0")),
        "header-checksum": good[:29] + b"\0\0\0\0" + good[33:],
        "data-checksum": SIGNATURE + good[8:33] + chunk(b"IDAT", zlib.compress(b"x"), 0),
        "no-data": good[:33] + chunk(b"IEND", b""),
        "no-end": good[:-12],
        "short-data": png(rows=(b"\0" + bytes(WIDTH)) * (HEIGHT // 2)),
        "long-data": png(rows=bytes(32 << 20)),
        "no-deflate": good[:33] + chunk(b"IDAT", b"these are no bits") + chunk(b"IEND", b""),
        "filter": png(rows=(b"\x09" + bytes(WIDTH)) * HEIGHT),
        "three-bits": png(bits=3),
        "sixty-four-bits": png(bits=64),
        "colour-seven": png(colour=7),
        "interlace-nine": png(interlaced=9),
        "profile-bomb": png(before=chunk(b"iCCP", b"name\0\0" + bomb)),
        "text-bomb": png(before=chunk(b"zTXt", b"name\0\0" + bomb)),
        "text-bomb-after": png(after=chunk(b"zTXt", b"name\0\0" + bomb)),
        "utf-text-bomb": png(before=chunk(b"iTXt", b"name\0\1\0\0\0" + bomb)),
        "many-texts": png(before=chunk(b"zTXt", b"name\0\0" + zlib.compress(b"x" * 999_999)) * 90),
        "text-without-end": png(before=chunk(b"tEXt", b"x" * 100)),
        "text-method": png(before=chunk(b"zTXt", b"name\0\7abc")),
        "profile-empty": png(before=chunk(b"iCCP", b"")),
        "transparency-empty": png(before=chunk(b"tRNS", b"")),
        "gamma-empty": png(before=chunk(b"gAMA", b"")),
        "chromaticity-empty": png(before=chunk(b"cHRM", b"")),
        "density-empty": png(before=chunk(b"pHYs", b"")),
        "rendering-empty": png(before=chunk(b"sRGB", b"")),
        "exif-noise": png(before=chunk(b"eXIf", b"\xff" * 50)),
        "exif-empty": png(before=chunk(b"eXIf", b"")),
        "exif-cut": png(before=chunk(b"eXIf", exif + b"\0\xff")),
        "exif-nine": png(before=chunk(b"eXIf", exif + orientation(3, 1, b"\0\x09\0\0"))),
        "exif-text": png(before=chunk(b"eXIf", exif + orientation(2, 4, b"up!\0"))),
        "exif-bytes": png(before=chunk(b"eXIf", exif + orientation(7, 4, b"\1\2\3\4"))),
        "exif-two": png(before=chunk(b"eXIf", exif + orientation(3, 2, b"\0\1\0\2"))),
        "exif-none": png(before=chunk(b"eXIf", exif + orientation(3, 0, b"\0\1\0\0"))),
        "exif-endless": png(before=chunk(b"eXIf", exif + orientation(3, 2**32 - 1, b"\0\0\0\x08"))),
        "exif-0-by-0": png(
            before=chunk(b"eXIf", exif + orientation(5, 1, b"\0\0\0\x1a") + bytes(8))
        ),
        "endless-animation": png(before=chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "animation-empty": png(before=chunk(b"acTL", b"")),
        "frame-outside": png(
            before=chunk(b"acTL", struct.pack(">II", 2, 0))
            + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31, 2**31, 9, 9, 1, 0, 9, 9))
        ),
        "two-headers": good[:33] + good[8:],
        "short-header": SIGNATURE + chunk(b"IHDR", b"\0\0\0\1"),
        "unknown-chunk": png(before=chunk(b"EVIL", b"x" * 100)),
        "chunk-of-2-31": good[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + b"x" * 40,
        "chunk-name": good[:33] + struct.pack(">I", 4) + b"\0\xff\0\xff" + b"x" * 40,
        "deep-rgb": bytes(cv2.imencode(".png", np.dstack([DEEP] * 3))[1]),
        "deep-rgba": bytes(cv2.imencode(".png", np.dstack([DEEP] * 4))[1]),
        "deep-grey-alpha": png(bits=16, colour=4, rows=(b"\0" + bytes(WIDTH * 4)) * HEIGHT),
        "grey-alpha": saved(GREY, "PNG", "LA"),
        "one-bit": saved(GREY, "PNG", "1"),
        "signature-only": SIGNATURE,
        **{f"cut-at-{share}": good[: len(good) * share // 100] for share in (1, 10, 50, 99)},
    }


def orientation(kind: int, count: int, value: bytes) -> bytes:
    """Make an EXIF directory (big-endian) whose one entry is the orientation."""
    return b"\0\1" + struct.pack(">HHI", 0x0112, kind, count) + value + bytes(4)


def marker(code: int, body: bytes) -> bytes:
    """Make a segment of a JPEG."""
    return bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body


def claims(data: bytes, width: int, height: int) -> bytes:
    """Change the size that a JPEG's header states."""
    place = next(data.find(bytes((0xFF, c))) for c in (0xC0, 0xC2) if bytes((0xFF, c)) in data)
    return data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]


def with_segment(data: bytes, code: int, body: bytes) -> bytes:
    """Put a segment after the start of a JPEG."""
    return data[:2] + marker(code, body) + data[2:]


def scans(count: int) -> bytes:
    """Make a progressive JPEG whose last scan stands there again and again."""
    data = saved(GREY, "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + data[-2:]


def of_jpeg() -> Mapping[str, bytes]:
    """Make JPEGs."""
    good, exif = saved(COLOUR, "JPEG"), b"Exif\0\0MM\0*\0\0\0\x08"
    frame, scan = good.find(b"\xff\xc0"), good.find(b"\xff\xda")
    tables = good.find(b"\xff\xc4")
    return {
        "vast": claims(good, 65_500, 65_500),
        "vast-progressive": claims(saved(COLOUR, "JPEG", progressive=True), 65_500, 65_500),
        "twenty-thousand": claims(good, 20_000, 20_000),
        "larger-than-its-data": claims(good, 640, 480),
        "no-pixels": claims(good, 0, 0),
        "no-rows": claims(good, 64, 0),
        "narrow": claims(good, 1, 60_000),
        "many-scans": scans(20_000),
        "cmyk": saved(COLOUR, "JPEG", "CMYK"),
        "no-tables": good[:tables] + good[frame:],
        "no-frame": good[:frame] + good[scan:],
        "no-scan": good[:scan] + good[-2:],
        "lossless": good[:frame] + b"\xff\xc3" + good[frame + 2 :],
        "arithmetic": good[:frame] + b"\xff\xc9" + good[frame + 2 :],
        "hierarchical": good[:frame] + b"\xff\xc5" + good[frame + 2 :],
        "twelve-bits": good[: frame + 4] + b"\x0c" + good[frame + 5 :],
        "no-channels": good[: frame + 9] + b"\0" + good[frame + 10 :],
        "channels": good[: frame + 9] + b"\xff" + good[frame + 10 :],
        "sampling": good[: frame + 11] + b"\xff" + good[frame + 12 :],
        "segment-of-0": good[:2] + b"\xff\xe1\0\0" + good[2:],
        "segment-beyond": good[:2] + b"\xff\xe1\xff\xff" + good[2:100],
        "comments": good[:2] + marker(0xFE, b"x" * 65_000) * 60 + good[2:],
        "profile-parts": with_segment(good, 0xE2, b"ICC_PROFILE\0\xff\xff" + b"x" * 99),
        "profile-cut": with_segment(good, 0xE2, b"ICC_PROFILE\0"),
        "adobe-cut": with_segment(good, 0xEE, b"Adobe"),
        "photoshop": with_segment(good, 0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\xff\xff\xff\xff"),
        "pictures": with_segment(good, 0xE2, b"MPF\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 90),
        "pictures-cut": with_segment(good, 0xE2, b"MPF\0"),
        "jfif-cut": good[:2] + marker(0xE0, b"JFIF\0") + good[20:],
        "exif-noise": with_segment(good, 0xE1, b"Exif\0\0" + b"\xff" * 99),
        "exif-cut": with_segment(good, 0xE1, exif + b"\0\xff"),
        "exif-0": with_segment(good, 0xE1, exif + orientation(3, 1, b"\0\0\0\0")),
        "exif-nine": with_segment(good, 0xE1, exif + orientation(3, 1, b"\0\x09\0\0")),
        "exif-text": with_segment(good, 0xE1, exif + orientation(2, 4, b"abc\0")),
        "exif-bytes": with_segment(good, 0xE1, exif + orientation(7, 4, b"\xff\xff\xff\xff")),
        "exif-two": with_segment(good, 0xE1, exif + orientation(3, 2, b"\0\1\0\2")),
        "exif-0-by-0": with_segment(good, 0xE1, exif + orientation(5, 1, b"\0\0\0\x1a") + bytes(8)),
        "exif-loop": with_segment(good, 0xE1, exif + b"\0\0\0\0\0\x08"),
        "start-only": b"\xff\xd8",
        "start-and-end": b"\xff\xd8\xff\xd9",
        "fill-bytes": b"\xff\xd8" + b"\xff" * 100_000,
        **{f"cut-at-{share}": good[: len(good) * share // 100] for share in (1, 20, 60, 99)},
    }


Tag = tuple[int, int, int, int | bytes]  # number, kind, count, value or what stands in its place
SIZES = {1: "B", 3: "H", 9: "i"}


def tiff(*tags: Tag, data: bytes = GREY.tobytes(), following: int = 0, order: str = "<") -> bytes:
    """Make a TIFF of grey pixels in which some tags say something else; they stand at its end."""
    usual: dict[int, Tag] = {
        number: (number, kind, 1, value)
        for number, kind, value in (
            (256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, HEIGHT), (279, 4, len(data)),
        )
    }  # fmt: skip
    merged = {**usual, **{tag[0]: tag for tag in tags}}
    begin = 8 + len(data)
    directory = struct.pack(f"{order}H", len(merged))
    for number, kind, count, value in sorted(merged.values(), key=lambda tag: tag[0]):
        if isinstance(value, int):
            value = struct.pack(f"{order}{SIZES.get(kind, 'I')}", value)
        directory += struct.pack(f"{order}HHI", number, kind, count) + value.ljust(4, b"\0")[:4]
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return b"".join(
        (
            mark,
            struct.pack(f"{order}I", begin),
            data,
            directory,
            struct.pack(f"{order}I", following),
        )
    )


def of_tiff() -> Mapping[str, bytes]:
    """Make TIFFs."""
    data = GREY.tobytes()
    loop = 8 + len(data)
    pages = io.BytesIO()
    Image.fromarray(GREY).save(
        pages, format="TIFF", save_all=True, append_images=[Image.fromarray(GREY[:20])] * 30
    )
    return {
        "plain": tiff(),
        "plain-big-endian": tiff(order=">"),
        "pages": pages.getvalue(),
        "loop": tiff(following=loop),
        "folder-beyond": tiff(following=2**32 - 1),
        "inner-loop": tiff((330, 4, 1, loop), (34665, 4, 1, loop), following=loop),
        "vast": tiff((256, 4, 1, 40_000), (257, 4, 1, 40_000), (278, 4, 1, 40_000)),
        "vast-2-32": tiff((256, 4, 1, 2**32 - 1), (257, 4, 1, 2**32 - 1)),
        "no-pixels": tiff((256, 4, 1, 0), (257, 4, 1, 0)),
        "negative": tiff((256, 9, 1, -64)),
        "width-is-text": tiff((256, 2, 4, b"abc\0")),
        "width-twice": tiff((256, 3, 2, struct.pack("<HH", 64, 64))),
        "no-bits": tiff((258, 3, 1, 0)),
        "sixty-four-bits": tiff((258, 3, 1, 64)),
        "unknown-compression": tiff((259, 3, 1, 9_999)),
        **{
            f"compression-{number}": tiff((259, 3, 1, number))
            for number in (2, 3, 4, 5, 6, 7, 8, 32773, 34712, 34925, 50000, 50001)
        },
        "photometric": tiff((262, 3, 1, 777)),
        "palette-without-colours": tiff((262, 3, 1, 3)),
        "cmyk-of-one": tiff((262, 3, 1, 5)),
        "lab": tiff((262, 3, 1, 8), (277, 3, 1, 3), (258, 3, 1, 8)),
        "channels-none": tiff((277, 3, 1, 0)),
        "channels-65535": tiff((277, 3, 1, 65_535)),
        "strip-beyond": tiff((273, 4, 1, 2**32 - 8)),
        "strip-vast": tiff((279, 4, 1, 2**32 - 1)),
        "strip-rows-none": tiff((278, 4, 1, 0)),
        "strips-endless": tiff((273, 4, 2**32 - 1, loop)),
        "strips-a-million": tiff((273, 4, 11 * 10**5, 8), data=bytes(44 * 10**5)),
        "fractions-a-million": tiff((273, 5, 11 * 10**5, 8), data=bytes(88 * 10**5)),
        "orientation-fractions": tiff((274, 5, 11 * 10**5, 8), data=bytes(88 * 10**5)),
        "kind-unknown": tiff((274, 99, 1, b"\1\0\0\0")),
        "orientation-nine": tiff((274, 3, 1, 9)),
        "orientation-text": tiff((274, 2, 4, b"abc\0")),
        "tile-none": tiff((322, 4, 1, 0), (323, 4, 1, 0), (324, 4, 1, 8), (325, 4, 1, 9)),
        "tile-vast": tiff((322, 4, 1, 2**31), (323, 4, 1, 2**31), (324, 4, 1, 8), (325, 4, 1, 9)),
        "sample-format": tiff((339, 3, 1, 77)),
        "predictor": tiff((259, 3, 1, 5), (317, 3, 1, 77)),
        "planar": tiff((284, 3, 1, 2), (277, 3, 1, 3)),
        "fill-order": tiff((266, 3, 1, 7)),
        "exif-beyond": tiff((34665, 4, 1, 2**32 - 2)),
        "entries-65535": b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 500,
        "header-only": b"II*\0\x08\0\0\0",
        "directory-in-header": b"II*\0\0\0\0\0",
        "big-tiff-cut": b"II+\0\x08\0\0\0" + b"\xff" * 8,
        "big-tiff-endless": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 200,
        "float": bytes(cv2.imencode(".tif", GREY.astype(np.float32))[1]),
        "double": bytes(cv2.imencode(".tif", GREY.astype(np.float64))[1]),
        "signed": bytes(cv2.imencode(".tif", GREY.astype(np.int32) - 99)[1]),
        "not-a-number": saved(np.full((HEIGHT, WIDTH), np.nan, np.float32), "TIFF"),
        "cmyk": saved(COLOUR, "TIFF", "CMYK"),
        "deep-rgb": bytes(cv2.imencode(".tif", np.dstack([DEEP] * 3))[1]),
        "cut": tiff()[:-30],
    }


def bmp(
    width: int = WIDTH,
    height: int = HEIGHT,
    bits: int = 8,
    compression: int = 0,
    colours: int = 0,
    offset: int = 1078,
    header: int = 40,
    data: bytes = GREY.tobytes(),
) -> bytes:
    """Make a BMP of any header."""
    info = struct.pack(
        "<IiiHHIIiiII", header, width, height, 1, bits, compression, 0, 0, 0, colours, 0
    )
    body = info + bytes(range(256)) * 4 + data
    return b"BM" + struct.pack("<IHHI", len(body) + 14, 0, 0, offset) + body


def of_bmp() -> Mapping[str, bytes]:
    """Make BMPs."""
    return {
        "plain": bmp(),
        "vast": bmp(40_000, 40_000),
        "vast-2-31": bmp(2**31 - 1, 2**31 - 1),
        "least-height": bmp(height=-(2**31)),
        "upside-down": bmp(height=-HEIGHT),
        "negative": bmp(width=-WIDTH),
        "no-pixels": bmp(0, 0),
        "colours": bmp(colours=2**32 - 1),
        "colours-many": bmp(colours=70_000),
        "runs": bmp(compression=1),
        "runs-of-zeros": bmp(compression=1, data=bytes(5_000)),
        "runs-short": bmp(compression=2, bits=4, data=b"\xff\xff" * 50),
        "masks": bmp(compression=3, bits=32),
        "masks-of-16": bmp(compression=3, bits=16),
        "a-jpeg-inside": bmp(compression=4),
        "compression": bmp(compression=99),
        "no-bits": bmp(bits=0),
        "three-bits": bmp(bits=3),
        "sixty-four-bits": bmp(bits=64),
        "offset-beyond": bmp(offset=2**32 - 1),
        "offset-none": bmp(offset=0),
        "header-size": bmp(header=7),
        "header-vast": bmp(header=2**32 - 1),
        "cut": bmp()[:-500],
        "header-only": bmp()[:20],
    }


def of_others() -> Mapping[str, bytes]:
    """Make files that only go by the name of an image."""
    return {
        "nothing": b"",
        "zeros": bytes(100_000),
        "noise": RANDOM.bytes(5_000),
        "words": b"these are words, no image\n",
        "page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "program": b"\x7fELF" + bytes(200),
        "script": b"#!/bin/sh\ntouch /tmp/ran\n",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(x) run\n%%EOF\n",
        "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999"/>',
        "document": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
        "gif": saved(GREY, "GIF"),
        "webp": saved(COLOUR, "WEBP"),
        "ppm": saved(COLOUR, "PPM"),
        "compressed": zeros(1),
        "pickle": b"cos\nsystem\n(S'touch /tmp/ran'\ntR.",
    }


def hostile_images() -> Mapping[str, bytes]:
    """Gather all: bytes by a file's name."""
    kinds = {"png": of_png, "jpg": of_jpeg, "tif": of_tiff, "bmp": of_bmp, "jpeg": of_others}
    return {f"{name}.{suffix}": data for suffix, of in kinds.items() for name, data in of().items()}
