"""Label images: ids whatever form they are stored in."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from twinband.core.errors import BadSample
from twinband.core.images import decode, encode_png
from twinband.ingest.label_forms.colours import ColourTable
from twinband.ingest.label_forms.label_image import LabelImage, read_label_image
from twinband.ingest.notes import Notes

IDS = np.random.default_rng(0).integers(0, 9, (24, 30)).astype(np.uint8)
TWO = (IDS > 4).astype(np.uint8)
FOUR = IDS % 4


def read(
    data: bytes,
    name: str = "semantics",
    notes: Notes | None = None,
    colours: ColourTable | None = None,
) -> LabelImage:
    decoded = decode(data, "a.png")
    return read_label_image(name, decoded, data, "a.png", notes or Notes(), colours or {})


def saved(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def packed(values: NDArray[np.uint8], bits: int) -> bytes:
    """A grey PNG of fewer than eight bits a pixel."""
    digits = np.unpackbits(values[..., None], axis=2)[..., 8 - bits :]
    rows = np.packbits(digits.reshape(len(values), -1), axis=1)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    parts = ((b"IHDR", head), (b"IDAT", content), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def with_palette(values: NDArray[np.uint8], colours: list[int], kind: str = "PNG") -> bytes:
    image = Image.fromarray(values, mode="P")
    image.putpalette(colours)
    return saved(image, kind)


def sorted_greys(order: list[int], kind: str = "PNG") -> bytes:
    """Ids as greys of a palette that is in another order."""
    index = np.zeros(256, np.uint8)
    index[order] = np.arange(len(order))
    return with_palette(index[IDS], np.repeat(order, 3).tolist(), kind)


ORDER = [0, 8, 1, 7, 2, 6, 3, 5, 4]
COLOURS = np.random.default_rng(1).integers(0, 256, 27).tolist()
WIDE = IDS.astype(np.uint16) + 300


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (encode_png(IDS), IDS),
        (encode_png(WIDE), WIDE),
        (packed(TWO, 1), TWO),
        (packed(FOUR, 2), FOUR),
        (packed(IDS, 4), IDS),
        (saved(Image.fromarray(TWO * 255).convert("1")), TWO),
        (saved(Image.fromarray(TWO * 255).convert("1"), "BMP"), TWO),
        (saved(Image.fromarray(TWO * 255).convert("1"), "TIFF"), TWO),
        (saved(Image.fromarray(IDS), "BMP"), IDS),
        (saved(Image.fromarray(IDS), "TIFF"), IDS),
        (sorted_greys(ORDER), IDS),
        (sorted_greys(ORDER[::-1]), IDS),
        (sorted_greys(list(range(9))), IDS),
        (sorted_greys(ORDER, "TIFF"), IDS),
        (with_palette(IDS, COLOURS), IDS),
        (with_palette(IDS, [0] * 27), IDS),  # greys that tell nothing apart
        (with_palette(TWO, [0, 0, 0, 128, 0, 0]), TWO),
        (encode_png(np.repeat(IDS[..., None], 3, axis=2)), IDS),
        (encode_png(np.repeat(WIDE[..., None], 3, axis=2)), WIDE),
        (encode_png(np.dstack([IDS, IDS, IDS, np.full_like(IDS, 255)])), IDS),
        (saved(Image.merge("LA", [Image.fromarray(IDS), Image.new("L", (30, 24), 255)])), IDS),
    ],
)
def test_ids_are_read_for_what_they_mean(data: bytes, ids: NDArray[Any]) -> None:
    found = read(data)
    np.testing.assert_array_equal(found.pixels, ids)
    np.testing.assert_array_equal(decode(found.png, "kept").pixels, ids)


def test_bytes_are_kept_where_they_say_the_same() -> None:
    for data in (encode_png(IDS), with_palette(IDS, COLOURS)):
        assert read(data).png == data


@pytest.mark.parametrize(
    ("data", "levels"),
    [
        (packed(TWO, 1), TWO * 255),
        (packed(FOUR, 2), FOUR * 85),
        (encode_png(IDS), IDS),
        (with_palette(TWO, [0, 0, 0, 255, 255, 255]), TWO * 255),
        (with_palette(TWO, [255, 255, 255, 0, 0, 0]), (1 - TWO) * 255),
        (with_palette(TWO, [0, 0, 0, 255, 0, 0]), TWO),
        (encode_png(np.repeat(TWO[..., None] * 255, 3, axis=2)), TWO * 255),
    ],
)
def test_masks_are_greys_as_seen(data: bytes, levels: NDArray[Any]) -> None:
    np.testing.assert_array_equal(read(data, "saliency").pixels, levels)


TABLE = {
    red << 16 | green << 8 | blue: n
    for n, (red, green, blue) in enumerate(np.reshape(COLOURS, (9, 3)).tolist())
}
PICTURE = encode_png(np.reshape(COLOURS, (9, 3)).astype(np.uint8)[IDS])


def test_colours_are_mapped_by_a_table() -> None:
    np.testing.assert_array_equal(read(PICTURE, colours=TABLE).pixels, IDS)
    with pytest.raises(BadSample, match=r"odd_label_id: a\.png: 9 colours that the table"):
        read(PICTURE, colours={0x123456: 1})


@pytest.mark.parametrize("name", ["semantics", "saliency"])
@pytest.mark.parametrize("changed", [0, 1, 2])
def test_colours_without_a_table_are_refused(name: str, changed: int) -> None:
    pixels = np.repeat(IDS[..., None], 3, axis=2)
    pixels[5, 5, changed] += 1
    with pytest.raises(BadSample, match=r"wrong_channels: a\.png: colours; "):
        read(encode_png(pixels), name)


@pytest.mark.parametrize("pixels", [IDS, np.repeat(IDS[..., None], 3, axis=2)])
@pytest.mark.parametrize("quality", [50, 90, 100])
def test_ids_as_jpeg_are_refused_and_masks_noted(pixels: NDArray[Any], quality: int) -> None:
    data = saved(Image.fromarray(pixels), "JPEG", quality=quality)
    with pytest.raises(BadSample, match=r"bad_label: a\.png: class ids as JPEG"):
        read(data)
    notes = Notes()
    assert read(data, "saliency", notes).pixels.shape == IDS.shape
    assert notes.words() == ["saliency_lossy"]
